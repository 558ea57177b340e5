import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryGateway } from "../../../test/arbitrary/gateway.ts";
import { campus, host, ip, prefix, ranges, sourceNat } from "../../../test/fixtures/gateways.ts";
import { countAddresses } from "../../address/ipv4-range.ts";
import type { Limits } from "../../config/limits.ts";
import { planGateway } from "../plan-gateway.ts";
import { classNumbers, LINE_CLASS, MOST_CLASSES } from "./class-numbers.ts";
import type { LinkShaping } from "./limits-plan.ts";

const NONE: Limits = { perSubscriber: {}, groups: [], line: {}, managementPorts: [] };

/** Classes by link, each in a line: number < parent: guaranteed to most, priority, members. */
function shaping(limits: Partial<Limits>, changes: Parameters<typeof campus>[0] = {}): string[] {
  const small = { sourceNat: [sourceNat("10.10.1.0-10.10.1.2")], limits: { ...NONE, ...limits }, ...changes };
  const plan = planGateway(campus(small), host());
  return (plan.limits?.shaping ?? []).flatMap(({ link, direction, classes }) => [
    `${link} ${direction}`,
    ...classes.map(({ number, parent, guaranteed, most, priority, members }) => {
      const below = parent === undefined ? "" : ` < ${parent.toString(16)}`;
      const whose = members.length === 0 ? "" : ` for ${countAddresses(members)}`;
      return `${number.toString(16)}${below}: ${guaranteed} to ${most}, ${priority}${whose}`;
    }),
  ]);
}

test("each with a rate has a class with its last two octets for a number", () => {
  assert.deepEqual(shaping({ perSubscriber: { up: 1e7 } }), [
    "wan up",
    "ffff: 1000000000000 to 1000000000000, 0",
    "100 < ffff: 10000000 to 10000000, 3 for 1",
    "101 < ffff: 10000000 to 10000000, 3 for 1",
    "102 < ffff: 10000000 to 10000000, 3 for 1",
  ]);
});

test("a line is shared evenly, with a part for the gateway itself, and by priority", () => {
  const group = { name: "few", members: ranges("10.10.1.2"), priority: "low", down: 1e8, perSubscriber: {} } as const;
  assert.deepEqual(shaping({ line: { down: 8e8 }, groups: [group] }), [
    "lan down",
    "ffff: 800000000 to 800000000, 0",
    "fffe < ffff: 40000000 to 800000000, 2",
    "fffd < ffff: 100000000 to 100000000, 0",
    "102 < fffd: 100000000 to 100000000, 5 for 1",
    "100 < ffff: 253333333 to 800000000, 3 for 1",
    "101 < ffff: 253333333 to 800000000, 3 for 1",
  ]);
});

test("what a group has together is shared by its members, up to what each may have", () => {
  const group = {
    name: "few",
    members: ranges("10.10.1.1-10.10.1.2"),
    priority: "normal",
    up: 3e6,
    perSubscriber: { up: 2e6 },
  } as const;
  assert.deepEqual(shaping({ groups: [group] }), [
    "wan up",
    "ffff: 1000000000000 to 1000000000000, 0",
    "fffd < ffff: 3000000 to 3000000, 0",
    "101 < fffd: 1500000 to 2000000, 3 for 1",
    "102 < fffd: 1500000 to 2000000, 3 for 1",
  ]);
});

test("more than some thousands without a rate of their own share a class", () => {
  const many = { sourceNat: [sourceNat("10.10.0.0/16")] };
  assert.deepEqual(shaping({ line: { up: 1e9 } }, many), [
    "wan up",
    "ffff: 1000000000 to 1000000000, 0",
    "fffe < ffff: 50000000 to 1000000000, 2",
    "fffd < ffff: 950000000 to 1000000000, 3 for 65536",
  ]);
});

test("each link inside shapes what goes to its own networks, and to those no link is known for", () => {
  const links = [
    ...campus().links.slice(0, 1),
    { name: "a", interface: "a", addresses: [prefix("10.10.1.254/24")] },
    {
      name: "b",
      interface: "b",
      addresses: [prefix("10.20.0.1/24")],
      routes: [{ to: prefix("10.10.2.0/24"), via: ip("10.20.0.2") }],
    },
  ];
  const found = planGateway(
    campus({
      links,
      sourceNat: [sourceNat("10.10.1.5,10.10.2.6,10.10.3.7")],
      limits: { ...NONE, perSubscriber: { down: 1e6 } },
    }),
    host(),
  ).limits?.shaping;
  assert.deepEqual(
    found?.map(({ link, classes }) => [link, classes.slice(1).map(({ number }) => number.toString(16))]),
    [
      ["a", ["105", "307"]],
      ["b", ["206", "307"]],
    ],
  );
});

test("numbers: the last two octets, whoever else there is; none twice", () => {
  const [first, second] = [ip("10.10.3.7"), ip("10.11.3.7")];
  assert.deepEqual(
    [...classNumbers([first, ip("10.10.0.0"), second])],
    [
      [first, 0x307],
      [ip("10.10.0.0"), 1],
      [second, 0x308],
    ],
  );
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0x0a000000, max: 0x0a02ffff }), { maxLength: 500 }), (addresses) => {
      const numbers = classNumbers(addresses);
      const used = new Set(numbers.values());
      assert.equal(numbers.size, addresses.length);
      assert.equal(used.size, addresses.length);
      assert.ok([...used].every((number) => number > 0 && number < LINE_CLASS));
    }),
    { numRuns: 30 },
  );
});

/** What must hold for the kernel to take the classes and to keep to them. */
function checkTree({ classes }: LinkShaping): void {
  const byNumber = new Map(classes.map((one) => [one.number, one]));
  assert.equal(byNumber.size, classes.length);
  assert.ok(classes.length <= MOST_CLASSES + 2);
  for (const [at, one] of classes.entries()) {
    assert.ok(one.guaranteed <= one.most, JSON.stringify(one));
    assert.ok(one.guaranteed >= 8 && Number.isInteger(one.most));
    if (one.parent === undefined) assert.equal(at, 0);
    else assert.ok(classes.indexOf(byNumber.get(one.parent) as never) < at);
    const below = classes.filter(({ parent }) => parent === one.number);
    const sum = below.reduce((total, { guaranteed }) => total + guaranteed, 0);
    assert.ok(below.length === 0 || sum <= one.most + 8 * below.length, `${sum} below ${one.most}`);
  }
}

test("property: nobody is guaranteed what is not there, parents come first, and no number is there twice", () => {
  fc.assert(
    fc.property(arbitraryGateway(), (gateway) => {
      // The catch-all of a /17 is too many to compare each with each.
      const sourceNatOf = gateway.sourceNat.filter(({ name }) => name !== "catch-all");
      for (const link of planGateway({ ...gateway, sourceNat: sourceNatOf }, host()).limits?.shaping ?? [])
        checkTree(link);
    }),
    { numRuns: 200 },
  );
});
