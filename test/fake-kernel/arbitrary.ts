import fc from "fast-check";
import type {
  DesiredState,
  LinkSetting,
  NftSet,
  ShapingSetting,
  TrafficClass,
} from "../../src/render/desired-state.ts";
import type { LiveLink } from "../../src/apply/live.ts";
import type { FakeKernel, FakeQueue, FakeState } from "./kernel.ts";
import type { FakeTable } from "./nft.ts";

const INTERFACES = ["wan", "lan", "wan2"] as const;
const SYSCTLS = [
  "net.ipv4.ip_forward",
  "net.ipv4.conf.wan.forwarding",
  "net.netfilter.a",
  "net.netfilter.max",
] as const;

const interfaceName = fc.constantFrom(...INTERFACES);
const address = fc.integer({ min: 1, max: 5 }).map((last) => `192.0.2.${last}`);
const addresses = fc.uniqueArray(fc.record({ interface: interfaceName, address, length: fc.constantFrom(32, 27) }), {
  maxLength: 4,
  selector: (setting) => setting.address,
});
/** A bond of m0 and m1, which may be somebody's already, and a VLAN on lan. */
const bond = fc
  .record({
    members: fc.subarray(["m0", "m1"], { minLength: 1 }),
    mode: fc.constantFrom("balance-rr", "active-backup", "802.3ad"),
    miimon: fc.constantFrom(100, 200),
    lacpRate: fc.constantFrom("slow", "fast"),
  })
  .map(({ members, ...options }) => ({ interface: "bond0", bond: { members, options } }));
const made = fc
  .tuple(fc.option(bond, { nil: undefined }), fc.boolean())
  .map(([one, hasVlan]): LinkSetting[] => [
    ...(one === undefined ? [] : [one]),
    ...(hasVlan ? [{ interface: "vlan7", vlan: { on: "lan", id: 7 } }] : []),
  ]);
const links = fc.uniqueArray(fc.record({ interface: interfaceName, mtu: fc.constantFrom(1500, 1400, 9000) }), {
  maxLength: 3,
  selector: (setting) => setting.interface,
});
const routes = fc.uniqueArray(
  fc.record({
    destination: fc.constantFrom("0.0.0.0/0", "198.51.100.0/24", "203.0.113.0/24"),
    table: fc.constantFrom(254, 100, 8101),
    interface: interfaceName,
    via: fc.constantFrom("192.0.2.9", "192.0.2.10"),
  }),
  { maxLength: 3, selector: (route) => `${route.destination} ${route.table}` },
);
const policyRules = fc.uniqueArray(
  fc.oneof(
    fc.record({
      mark: fc.constantFrom(1, 2),
      mask: fc.constant(255),
      table: fc.constant(100),
      priority: fc.constantFrom(10, 20),
    }),
    fc.record({ from: fc.constantFrom("10.0.0.0/8"), table: fc.constant(8101), priority: fc.constantFrom(10, 30) }),
    fc.constant({ suppress: 0, table: 254, priority: 20 }),
  ),
  { maxLength: 2, selector: (rule) => JSON.stringify(rule) },
);
const proxyNeighbours = fc.uniqueArray(fc.record({ interface: interfaceName, address }), {
  maxLength: 2,
  selector: (neighbour) => JSON.stringify(neighbour),
});

/** A line, perhaps a group below it, and subscribers below one of them. */
const shaping = fc.uniqueArray(
  fc
    .record({
      interface: interfaceName,
      line: fc.constantFrom(1000, 2000),
      group: fc.option(fc.constantFrom(100, 200), { nil: undefined }),
      subscribers: fc.uniqueArray(
        fc.record({ number: fc.integer({ min: 1, max: 5 }), rate: fc.constantFrom(10, 20) }),
        {
          maxLength: 4,
          selector: ({ number }) => number,
        },
      ),
    })
    .map(({ interface: device, line, group, subscribers }): ShapingSetting => {
      const parents = [
        { number: 9, rate: line, ceiling: line },
        ...(group === undefined ? [] : [{ number: 8, parent: 9, rate: group, ceiling: line }]),
      ];
      const parent = group === undefined ? 9 : 8;
      return {
        interface: device,
        classes: [
          ...parents.map((one) => ({ ...one, priority: 0, isLeaf: subscribers.length === 0 && one.number === parent })),
          ...subscribers.map((one) => ({ ...one, parent, ceiling: line, priority: 3, isLeaf: true })),
        ],
      };
    }),
  { maxLength: 2, selector: (setting) => setting.interface },
);

const elements = (isMap: boolean): fc.Arbitrary<string[]> =>
  fc
    .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 2 })), {
      selector: ([key]) => key,
      maxLength: 6,
    })
    .map((pairs) => pairs.map(([key, data]) => (isMap ? `10.0.0.${key} : 192.0.2.${data}` : `10.0.0.${key}`)));

const set = (name: string): fc.Arbitrary<NftSet> =>
  fc.boolean().chain((isMap) =>
    fc.record({
      name: fc.constant(name),
      key: fc.constant("ipv4_addr"),
      ...(isMap ? { data: fc.constant("ipv4_addr") } : {}),
      flags: fc.constantFrom([], ["interval" as const], ["constant" as const]),
      elements: elements(isMap),
    }),
  );

const ruleset = fc
  .record({
    comment: fc.constantFrom("campus sha256:0000000000000001", "campus sha256:0000000000000002"),
    sets: fc.subarray(["a", "b", "c"]).chain((names) => fc.tuple(...names.map(set))),
    counters: fc.subarray(["x", "y"]),
    jump: fc.boolean(),
    hook: fc.constantFrom("srcnat", "srcnat + 10"),
    order: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ comment, sets, counters, jump, hook, order }) => ({
    family: "ip" as const,
    table: "meganat" as const,
    comment,
    counters: counters.map((name) => ({ name, about: "a test" })),
    sets,
    chains: [
      ...(jump ? [{ name: "sub", rules: [`return ${order}`] }] : []),
      {
        name: "nat",
        hook: { type: "nat" as const, hook: "postrouting" as const, priority: hook },
        rules: [
          ...sets.map(({ name }) => `ip saddr @${name} accept`),
          ...counters.map((name) => `counter name "${name}"`),
          ...(jump ? ["jump sub"] : []),
        ],
      },
    ],
  }));

/** Desired states over a small universe, so that two of them overlap. */
export const desiredState: fc.Arbitrary<DesiredState> = fc
  .record({
    gateway: fc.constantFrom("campus", "branch"),
    ruleset,
    sysctls: fc.subarray([...SYSCTLS]).chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.record({
            name: fc.constant(name),
            value: fc.constantFrom("0", "1"),
            scope: fc.constant("namespace" as const),
            reason: fc.constant("a test"),
            atLeast: fc.constant(name.endsWith("max")),
          }),
        ),
      ),
    ),
    links: fc.tuple(links, made).map(([some, others]): LinkSetting[] => [...some, ...others]),
    onMade: fc.boolean(),
    addresses,
    routes,
    policyRules,
    proxyNeighbours,
    shaping,
    interfacesUp: fc.subarray([...INTERFACES]),
  })
  // As the renderer does it: what a route leads through is up.
  .map(({ onMade, ...desired }) => {
    const made = desired.links.filter((link) => link.bond ?? link.vlan).map((link) => link.interface);
    const needed = [...desired.routes.map((route) => route.interface), ...made];
    const more = onMade ? made : [];
    return {
      ...desired,
      addresses: [
        ...desired.addresses,
        ...more.map((name, k) => ({ interface: name, address: `10.9.${k}.1`, length: 24 })),
      ],
      interfacesUp: [...new Set([...desired.interfacesUp, ...needed])],
    };
  });

const THEIR_BOND = {
  name: "bond0",
  up: false,
  mtu: 1500,
  carrier: true,
  kind: "bond",
  bond: {
    mode: "balance-xor",
    miimon: 50,
    updelay: 0,
    downdelay: 0,
    xmitHashPolicy: "layer2",
    lacpRate: "slow",
    minLinks: 0,
    primary: "",
  },
} as const;

function member(name: string, up: boolean): LiveLink {
  return { name, up, mtu: 1500, carrier: true };
}

/** What others had set up before; nothing in it can stand against a desired state. */
export const hostState: fc.Arbitrary<Partial<FakeState>> = fc.record({
  links: fc
    .tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.constantFrom("no bond", "a bond", "a bond of m0"))
    .map(([wan, lan, wan2, theirs]) => [
      { name: "lo", up: true, mtu: 65536, carrier: true },
      ...[wan, lan, wan2].map((up, index) => ({ name: INTERFACES[index] ?? "", up, mtu: 1500, carrier: true })),
      ...(theirs === "no bond" ? [] : [THEIR_BOND]),
      theirs === "a bond of m0" ? { ...member("m0", true), master: "bond0" } : member("m0", wan),
      member("m1", lan),
    ]),
  sysctls: fc.tuple(...SYSCTLS.map(() => fc.constantFrom("0", "1")), fc.constantFrom("0", "1")).map((values) => ({
    ...Object.fromEntries(SYSCTLS.map((name, index) => [name, values[index] ?? "0"])),
    "net.ipv4.conf.all.accept_redirects": values.at(-1) ?? "0",
    "net.ipv4.conf.default.forwarding": "0",
  })),
  addresses: fc.subarray([
    { interface: "wan", address: "192.0.2.100", length: 27 },
    { interface: "lan", address: "10.0.0.1", length: 16 },
    { interface: "m1", address: "10.1.0.1", length: 16 },
  ]),
  policyRules: fc.subarray([
    { mark: 1, mask: 255, table: 100, priority: 10 },
    { mark: 9, mask: 255, table: 9, priority: 9 },
  ]),
});

/** What somebody else may do to an applied gateway; each does nothing where there is nothing to do it to. */
export const meddling: fc.Arbitrary<(live: FakeKernel) => void> = fc.constantFrom(
  (live: FakeKernel) => inTable(live, (table) => (table.chains["nat"]?.rules ?? []).push("drop")),
  (live) => inTable(live, (table) => (table.chains["sub"]?.rules ?? []).pop()),
  (live) => inTable(live, (table) => (table.chains["theirs"] = { head: "", rules: ["accept"] })),
  (live) =>
    inTable(live, (table) => (table.sets["theirs"] = { isMap: false, type: "ipv4_addr", flags: "", elements: {} })),
  (live) => inTable(live, (table) => (table.counters = [...new Set([...table.counters, "theirs"])])),
  (live) => inTable(live, (table) => deleteFirst(table.sets["a"]?.elements ?? {})),
  (live) => {
    inTable(live, (table) => {
      const set = table.sets["b"];
      if (set !== undefined) set.elements["10.9.9.9"] = set.isMap ? "10.9.9.9 : 192.0.2.3" : "10.9.9.9";
    });
  },
  (live) => {
    delete live.state.table;
    live.state.generation += 1;
  },
  (live) => {
    live.state.generation += 1;
  },
  (live) => live.writeSysctl("net.ipv4.ip_forward", "0"),
  (live) => live.writeSysctl("net.netfilter.a", "7"),
  (live) => live.setLinkMtu("wan", 1280),
  (live) => live.state.addresses.pop(),
  (live) => live.state.routes.pop(),
  (live) => live.state.policyRules.pop(),
  withdrawUplink,
  (live) => live.state.proxyNeighbours.pop(),
  (live) => live.setLinkUp("lan", false),
  (live) => inQueue(live, (queue) => queue.classes.pop()),
  (live) => inQueue(live, ({ classes }) => classes.splice(0, 1, { ...(classes[0] as TrafficClass), rate: 7 })),
  (live) => inQueue(live, (queue) => live.removeShaping(queue.interface)),
  (live) => inLinks(live, "m0", () => live.setMaster("m0", undefined)),
  (live) => inLinks(live, "bond0", () => live.setBond("bond0", { miimon: 77 })),
  (live) => inLinks(live, "vlan7", () => live.removeDevice("vlan7")),
);

/** As whoever watches the uplinks does. */
export function withdrawUplink(live: FakeKernel): void {
  const isThere = live.state.routes.some(({ table }) => table === 8101);
  if (isThere && !live.isWithdrawn(8101)) live.withdrawUplink(8101);
}

function inTable(live: FakeKernel, change: (table: FakeTable) => unknown): void {
  if (live.state.table === undefined) return;
  change(live.state.table);
  live.state.generation += 1;
}

function inQueue(live: FakeKernel, change: (queue: FakeQueue) => unknown): void {
  const [queue] = live.state.queues;
  if (queue !== undefined) change(queue);
}

function inLinks(live: FakeKernel, name: string, change: () => void): void {
  if (live.state.links.some((link) => link.name === name)) change();
}

function deleteFirst(elements: Record<string, string>): void {
  for (const key of Object.keys(elements).slice(0, 1)) delete elements[key];
}
