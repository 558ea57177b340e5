import assert from "node:assert/strict";
import { test } from "node:test";
import { adminPath } from "./admin-path.ts";
import type { Change, MemberSetting } from "./change.ts";
import type { LiveState } from "./live-state.ts";

const MANAGEMENT = { interface: "eth0", address: "198.51.100.2", length: 24 };
const DEFAULT = { destination: "0.0.0.0/0", table: 254, interface: "eth0", via: "198.51.100.1" };
const STATE: LiveState = {
  isHost: true,
  cannotMake: [],
  sessions: [{ local: "198.51.100.2", peer: "203.0.113.7" }],
  links: ["eth0", "eth1"].map((name) => ({ name, up: true, mtu: 1500, carrier: true })),
  addresses: [MANAGEMENT, { interface: "eth1", address: "10.0.0.1", length: 8 }],
  routes: [
    { ...DEFAULT, metric: 100 },
    { destination: "198.51.100.0/24", table: 254, interface: "eth0", metric: 0 },
    { destination: "10.0.0.0/8", table: 254, interface: "eth1", metric: 0 },
  ],
  policyRules: [],
  withdrawn: [],
  proxyNeighbours: [],
  queues: [],
  classes: new Map(),
  sysctls: new Map(),
  table: { kind: "absent" },
  generation: 1,
};
const MEMBER: MemberSetting = {
  bond: "bond0",
  interface: "eth0",
  wasUp: true,
  addresses: [MANAGEMENT],
  routes: [DEFAULT],
};

const join: Change = { kind: "member", action: "add", setting: MEMBER };
const address = (action: "add" | "remove", device: string): Change => ({
  kind: "address",
  action,
  setting: { ...MANAGEMENT, interface: device },
});
const route = (action: "add" | "remove", device: string, metric?: number): Change => ({
  kind: "route",
  action,
  setting: { ...DEFAULT, interface: device, ...(metric === undefined ? {} : { metric }) },
});
const down: Change = { kind: "link", action: "down", interface: "eth0", addresses: [] };

const CASES: readonly [what: string, changes: readonly Change[], expected: "kept" | "paused" | "lost"][] = [
  ["nothing", [], "kept"],
  [
    "another address",
    [{ kind: "address", action: "remove", setting: { ...MANAGEMENT, address: "198.51.100.3" } }],
    "kept",
  ],
  ["its address goes", [address("remove", "eth0")], "lost"],
  ["its interface goes down", [down], "lost"],
  ["its default route goes", [route("remove", "eth0", 100)], "lost"],
  ["a default route by another link comes before it", [route("add", "eth1")], "lost"],
  ["one that stands by does not", [route("add", "eth1", 200)], "kept"],
  ["one by the same link does not either", [route("add", "eth0")], "kept"],
  ["its interface becomes a member of a bond", [join], "lost"],
  ["of a bond that gets its address but no route", [join, address("add", "bond0")], "lost"],
  ["of a bond that gets both", [join, address("add", "bond0"), route("add", "bond0")], "paused"],
];

test("what cuts off somebody who is connected is a problem, what only pauses a notice", () => {
  for (const [what, changes, expected] of CASES) {
    const { problems, notices } = adminPath(STATE, changes, false);
    const found = problems.length > 0 ? "lost" : notices.length > 0 ? "paused" : "kept";
    assert.equal(found, expected, what);
    if (expected !== "lost") continue;
    assert.deepEqual([problems[0]?.code, adminPath(STATE, changes, true).problems], ["admin-path-lost", []], what);
  }
});

test("who is on the same network needs no route; who is on another host's address is not judged", () => {
  const near = { ...STATE, sessions: [{ local: "198.51.100.2", peer: "198.51.100.9" }] };
  assert.deepEqual(adminPath(near, [route("remove", "eth0", 100), route("add", "eth1")], false), {
    problems: [],
    notices: [],
  });
  const elsewhere = { ...STATE, sessions: [{ local: "192.0.2.1", peer: "203.0.113.7" }] };
  assert.deepEqual(adminPath(elsewhere, [address("remove", "eth0")], false), { problems: [], notices: [] });
});

test("a change of a bond's mode is named, for its members leave for a moment", () => {
  const bonded: LiveState = {
    ...STATE,
    links: [{ name: "bond0", up: true, mtu: 1500, carrier: true, kind: "bond" }],
    addresses: [{ ...MANAGEMENT, interface: "bond0" }],
    routes: [{ ...DEFAULT, interface: "bond0", metric: 0 }],
  };
  const mode: Change = {
    kind: "bond",
    action: "set",
    interface: "bond0",
    from: { mode: "balance-rr" },
    to: { mode: "802.3ad" },
  };
  const { problems, notices } = adminPath(bonded, [mode], false);
  assert.deepEqual([problems, notices.map(({ code }) => code)], [[], ["admin-path-interrupted"]]);
});
