import assert from "node:assert/strict";
import { test } from "node:test";
import type { DesiredState, SysctlSetting } from "../render/desired-state.ts";
import { changeText } from "./change.ts";
import { changesTowards, type Intention } from "./changes-towards.ts";
import type { LiveState } from "./live-state.ts";
import { NOTHING_OWNED, type Owned } from "./record.ts";
import type { TowardsOptions } from "./remark.ts";

const RULESET = { family: "ip", table: "meganat", comment: "c", counters: [], sets: [], chains: [] } as const;
const STATE: LiveState = {
  isHost: true,
  cannotMake: [],
  sessions: [],
  links: ["lo", "wan", "lan"].map((name) => ({ name, up: true, mtu: 1500, carrier: true })),
  addresses: [],
  routes: [],
  policyRules: [],
  withdrawn: [],
  proxyNeighbours: [],
  queues: [],
  classes: new Map(),
  sysctls: new Map(),
  table: { kind: "known", ruleset: { counters: [], sets: [], chains: [], listed: false } },
  generation: 1,
};
const DESIRED: DesiredState = {
  gateway: "campus",
  ruleset: RULESET,
  sysctls: [],
  links: [],
  addresses: [],
  routes: [],
  policyRules: [],
  proxyNeighbours: [],
  shaping: [],
  interfacesUp: [],
};
const DEFAULT = { destination: "0.0.0.0/0", table: 254, interface: "wan", via: "192.0.2.1" };
const ADDRESS = { interface: "wan", address: "192.0.2.3", length: 32 };

function texts({ changes, problems, leftOut, notices }: Intention): string[] {
  return [...changes.map(changeText), ...[...problems, ...leftOut, ...notices].map(({ code }) => code)];
}

function sysctls(values: Record<string, string>, readOnly: readonly string[] = []): LiveState["sysctls"] {
  return new Map(Object.entries(values).map(([name, value]) => [name, { value, writable: !readOnly.includes(name) }]));
}

function setting(name: string, value: string, more: Partial<SysctlSetting> = {}): SysctlSetting {
  return { name, value, scope: "namespace", reason: "so", ...more };
}

type Case = readonly [
  what: string,
  state: Partial<LiveState>,
  owned: Partial<Owned>,
  desired: Partial<DesiredState>,
  expected: readonly string[],
  options?: TowardsOptions,
];

function check(cases: readonly Case[]): void {
  for (const [what, state, owned, desired, expected, options] of cases) {
    const intention = changesTowards(
      { ...STATE, ...state },
      { ...NOTHING_OWNED, ...owned },
      { ...DESIRED, ...desired },
      options,
    );
    assert.deepEqual(texts(intention), expected, what);
  }
}

test("addresses and links", () => {
  const down = [{ name: "wan", up: false, mtu: 1500, carrier: false }];
  check([
    ["missing", {}, {}, { addresses: [ADDRESS] }, ["add address 192.0.2.3/32 to wan"]],
    ["there, ours or not", { addresses: [ADDRESS] }, {}, { addresses: [ADDRESS] }, []],
    ["a /32 is served by any length", { addresses: [{ ...ADDRESS, length: 27 }] }, {}, { addresses: [ADDRESS] }, []],
    [
      "a /27 is not served by a /32",
      { addresses: [ADDRESS] },
      {},
      { addresses: [{ ...ADDRESS, length: 27 }] },
      ["add address 192.0.2.3/27 to wan"],
    ],
    [
      "someone else's elsewhere",
      { addresses: [{ ...ADDRESS, interface: "lan" }] },
      {},
      { addresses: [ADDRESS] },
      ["address-elsewhere"],
    ],
    [
      "ours elsewhere moves",
      { addresses: [{ ...ADDRESS, interface: "lan" }] },
      { addresses: [{ ...ADDRESS, interface: "lan" }] },
      { addresses: [ADDRESS] },
      ["add address 192.0.2.3/32 to wan", "remove address 192.0.2.3/32 from lan"],
    ],
    [
      "ours, no longer asked for",
      { addresses: [ADDRESS] },
      { addresses: [ADDRESS] },
      {},
      ["remove address 192.0.2.3/32 from wan"],
    ],
    [
      "no such interface, said once",
      {},
      {},
      { addresses: [{ ...ADDRESS, interface: "gone" }], interfacesUp: ["gone"] },
      ["interface-missing"],
    ],
    [
      "up before its address",
      { links: down },
      {},
      { addresses: [ADDRESS], interfacesUp: ["wan"] },
      ["bring wan up", "add address 192.0.2.3/32 to wan"],
    ],
    [
      "brought up by us, no longer asked for",
      {},
      { links: [{ interface: "wan", addresses: [] }] },
      {},
      ["bring wan down"],
    ],
    [
      "brought up by us, used by others since",
      { addresses: [ADDRESS] },
      { links: [{ interface: "wan", addresses: [] }] },
      {},
      [],
    ],
  ]);
});

test("the MTU of a link", () => {
  const asked = { links: [{ interface: "wan", mtu: 9000 }] };
  const links = [{ name: "wan", up: true, mtu: 9000, carrier: true }];
  const own = { interface: "wan", old: 1500, set: 9000 };
  check([
    ["another", {}, {}, asked, ["set MTU of wan 1500 -> 9000"]],
    ["there, ours or not", { links }, {}, asked, []],
    ["no longer asked for", { links }, { mtus: [own] }, {}, ["restore MTU of wan 9000 -> 1500"]],
    ["someone has put it back", {}, { mtus: [own] }, {}, []],
    ["someone has changed it", { links }, { mtus: [{ ...own, set: 1400 }] }, {}, ["left-as-changed"]],
    ["no such interface", {}, {}, { links: [{ interface: "gone", mtu: 1400 }] }, ["interface-missing"]],
  ]);
});

test("routes, rules and neighbours", () => {
  const rule = { mark: 1, mask: 255, table: 100, priority: 10 };
  const neighbour = { interface: "wan", address: "192.0.2.3" };
  const other = { ...DEFAULT, via: "192.0.2.9" };
  check([
    ["missing", {}, {}, { routes: [DEFAULT] }, ["add route 0.0.0.0/0 via 192.0.2.1 dev wan"]],
    ["there with another metric", { routes: [{ ...DEFAULT, metric: 100 }] }, {}, { routes: [DEFAULT] }, []],
    [
      "another way, less preferred",
      { routes: [{ ...other, metric: 100 }] },
      {},
      { routes: [DEFAULT] },
      ["add route 0.0.0.0/0 via 192.0.2.1 dev wan"],
    ],
    [
      "another way, as preferred",
      { routes: [{ ...other, metric: 0 }] },
      {},
      { routes: [DEFAULT] },
      ["route-elsewhere"],
    ],
    [
      "ours another way",
      { routes: [{ ...other, metric: 0 }] },
      { routes: [other] },
      { routes: [DEFAULT] },
      ["remove route 0.0.0.0/0 via 192.0.2.9 dev wan", "add route 0.0.0.0/0 via 192.0.2.1 dev wan"],
    ],
    [
      "a second default stands by",
      { routes: [{ ...DEFAULT, metric: 0 }] },
      {},
      { routes: [DEFAULT, { ...other, metric: 100 }] },
      ["add route 0.0.0.0/0 via 192.0.2.9 dev wan metric 100"],
    ],
    [
      "in a table of its own",
      {},
      {},
      { routes: [{ destination: "10.0.0.0/24", table: 100, interface: "wan" }] },
      ["add route 10.0.0.0/24 dev wan table 100"],
    ],
    ["rule", {}, {}, { policyRules: [rule] }, ["add rule 10: packets with mark 0x1/0xff look up table 100"]],
    [
      "our rule, not asked for",
      { policyRules: [rule] },
      { policyRules: [rule] },
      {},
      ["remove rule 10: packets with mark 0x1/0xff look up table 100"],
    ],
    ["neighbour", {}, {}, { proxyNeighbours: [neighbour] }, ["answer ARP for 192.0.2.3 on wan"]],
    [
      "our neighbour, not asked for",
      { proxyNeighbours: [neighbour] },
      { proxyNeighbours: [neighbour] },
      {},
      ["answer ARP for 192.0.2.3 on wan no more"],
    ],
  ]);
});

test("sysctls", () => {
  const max = "net.netfilter.nf_conntrack_max";
  const buckets = "net.netfilter.nf_conntrack_buckets";
  const ours = { name: max, old: "10", asked: "50", set: "48" };
  const host = { scope: "host" } as const;
  check([
    ["other value", { sysctls: sysctls({ a: "0" }) }, {}, { sysctls: [setting("a", "1")] }, ["set a 0 -> 1: so"]],
    ["same but for blanks", { sysctls: sysctls({ a: "1 2" }) }, {}, { sysctls: [setting("a", "1\t2")] }, []],
    [
      "at least: more will do",
      { sysctls: sysctls({ [max]: "100" }) },
      {},
      { sysctls: [setting(max, "50", { atLeast: true })] },
      [],
    ],
    [
      "at least: less will not",
      { sysctls: sysctls({ [max]: "9" }) },
      {},
      { sysctls: [setting(max, "50", { atLeast: true })] },
      [`set ${max} 9 -> 50: so`],
    ],
    [
      "what the kernel made of it stays",
      { sysctls: sysctls({ [max]: "48" }) },
      { sysctls: [ours] },
      { sysctls: [setting(max, "50")] },
      [],
    ],
    [
      "asked for no more",
      { sysctls: sysctls({ [max]: "48" }) },
      { sysctls: [ours] },
      {},
      [`restore ${max} 48 -> 10: as it was before the first apply`],
    ],
    [
      "asked for no more, changed since",
      { sysctls: sysctls({ [max]: "7" }) },
      { sysctls: [ours] },
      {},
      ["sysctl-left"],
    ],
    ["missing", {}, {}, { sysctls: [setting("a", "1")] }, ["sysctl-missing"]],
    [
      "missing, and that is all right",
      {},
      {},
      { sysctls: [setting("a", "1", { optional: true })] },
      ["sysctl-missing"],
    ],
    ["read-only", { sysctls: sysctls({ a: "0" }, ["a"]) }, {}, { sysctls: [setting("a", "1")] }, ["sysctl-read-only"]],
    ["read-only, but right", { sysctls: sysctls({ a: "1" }, ["a"]) }, {}, { sysctls: [setting("a", "1")] }, []],
    [
      "the host's, from a namespace",
      { isHost: false, sysctls: sysctls({ a: "0" }) },
      {},
      { sysctls: [setting("a", "1", host)] },
      ["host-sysctl-left-out"],
    ],
    [
      "the host's, not to be seen",
      { isHost: false },
      {},
      { sysctls: [setting("a", "1", host)] },
      ["host-sysctl-left-out"],
    ],
    [
      "the host's, from a namespace, wanted so",
      { isHost: false, sysctls: sysctls({ a: "0" }) },
      {},
      { sysctls: [setting("a", "1", host)] },
      ["set a 0 -> 1: so"],
      { hostWide: true },
    ],
    [
      "buckets",
      { sysctls: sysctls({ [buckets]: "1024" }) },
      {},
      { sysctls: [setting(buckets, "4096")] },
      [`set ${buckets} 1024 -> 4096: so`, "table-resize-stalls"],
    ],
  ]);
});

test("what lets packets through comes after the rules, and what it carries along after it", () => {
  const forward = "net.ipv4.ip_forward";
  const wan = "net.ipv4.conf.wan.forwarding";
  const state = { sysctls: sysctls({ [forward]: "0", [wan]: "0", z: "0" }), table: { kind: "absent" } } as const;
  const create = "create table ip meganat (0 chains, 0 sets and maps, 0 elements)";
  check([
    [
      "order",
      state,
      {},
      { sysctls: [setting(forward, "1"), setting("z", "1")], addresses: [ADDRESS] },
      ["add address 192.0.2.3/32 to wan", "set z 0 -> 1: so", create, `set ${forward} 0 -> 1: so`],
    ],
    [
      "one that would be carried along is set again",
      state,
      {},
      { sysctls: [setting(wan, "0"), setting(forward, "1")] },
      [create, `set ${forward} 0 -> 1: so`, `set ${wan} 1 -> 0: so`],
    ],
    [
      "one that is carried along is done",
      state,
      {},
      { sysctls: [setting(wan, "1"), setting(forward, "1")] },
      [create, `set ${forward} 0 -> 1: so`],
    ],
  ]);
});
