import assert from "node:assert/strict";
import { test } from "node:test";
import { parseListing, priorityNumber } from "./listing.ts";

const at = { family: "ip", table: "meganat" };
/** As nft 1.0.6 prints it, except where a remark says otherwise. */
const OBJECTS = [
  { table: { family: "ip", name: "meganat", handle: 1 } },
  { counter: { ...at, name: "connections_a", handle: 11, packets: 3, bytes: 180 } },
  {
    set: {
      ...at,
      name: "public",
      type: "ipv4_addr",
      handle: 12,
      flags: ["interval"],
      elem: ["61.138.177.3", { range: ["61.138.177.32", "61.138.177.40"] }, { prefix: { addr: "10.0.0.0", len: 8 } }],
    },
  },
  {
    map: {
      ...at,
      name: "forwards",
      type: ["ipv4_addr", "inet_proto", "inet_service"],
      handle: 17,
      map: "ipv4_addr . inet_service",
      elem: [
        [{ concat: ["61.138.177.3", "tcp", 8080] }, { concat: ["10.10.0.2", 80] }],
        // Without /etc/protocols.
        [{ concat: ["61.138.177.3", 17, 6] }, { concat: ["10.10.0.2", 6] }],
      ],
    },
  },
  {
    map: {
      ...at,
      name: "forward_ranges",
      type: ["ipv4_addr", "inet_proto", "inet_service"],
      map: "ipv4_addr",
      // nft 1.1 writes a single flag without a list.
      flags: "interval",
      elem: [[{ concat: ["61.138.177.3", "udp", { range: [20000, 20100] }] }, "10.10.0.7"]],
    },
  },
  {
    map: {
      ...at,
      name: "blocks",
      type: "ipv4_addr",
      map: ["ipv4_addr", "inet_service"],
      elem: [
        ["10.0.0.1", { concat: ["61.138.177.3", { range: [1024, 1151] }] }],
        [{ elem: { val: "10.0.0.3", comment: "by hand" } }, { concat: ["61.138.177.3", 2000] }],
      ],
    },
  },
  { set: { ...at, name: "empty", type: "ipv4_addr" } },
  { chain: { ...at, name: "listen", handle: 1 } },
  { chain: { ...at, name: "guard", handle: 7, type: "filter", hook: "postrouting", prio: 110, policy: "accept" } },
  {
    rule: {
      ...at,
      chain: "listen",
      handle: 30,
      comment: "a",
      expr: [{ counter: "connections_a" }, { counter: { packets: 4, bytes: 5 } }, { accept: null }],
    },
  },
  {
    rule: {
      ...at,
      chain: "guard",
      handle: 54,
      expr: [
        { match: { op: "!=", left: { meta: { key: "oifname" } }, right: { set: ["wan2", "wan"] } } },
        { accept: null },
      ],
    },
  },
];

test("a listing is read into the words we render", () => {
  const listing = parseListing(OBJECTS);
  assert.deepEqual(listing.counters, [{ name: "connections_a", packets: 3, bytes: 180 }]);
  assert.deepEqual(listing.sets, [
    {
      name: "public",
      key: "ipv4_addr",
      flags: ["interval"],
      elements: ["61.138.177.3", "61.138.177.32-61.138.177.40", "10.0.0.0/8"],
    },
    {
      name: "forwards",
      key: "ipv4_addr . inet_proto . inet_service",
      data: "ipv4_addr . inet_service",
      flags: [],
      elements: ["61.138.177.3 . tcp . 8080 : 10.10.0.2 . 80", "61.138.177.3 . udp . 6 : 10.10.0.2 . 6"],
    },
    {
      name: "forward_ranges",
      key: "ipv4_addr . inet_proto . inet_service",
      data: "ipv4_addr",
      flags: ["interval"],
      elements: ["61.138.177.3 . udp . 20000-20100 : 10.10.0.7"],
    },
    {
      name: "blocks",
      key: "ipv4_addr",
      data: "ipv4_addr . inet_service",
      flags: [],
      elements: ["10.0.0.1 : 61.138.177.3 . 1024-1151", "10.0.0.3 : 61.138.177.3 . 2000"],
    },
    { name: "empty", key: "ipv4_addr", flags: [], elements: [] },
  ]);
  assert.deepEqual(listing.chains, [
    {
      name: "listen",
      rules: ['{"comment":"a","expressions":[{"counter":"connections_a"},{"counter":null},{"accept":null}]}'],
    },
    {
      name: "guard",
      hook: { type: "filter", hook: "postrouting", priority: 110, policy: "accept" },
      rules: [
        '{"expressions":[{"match":{"left":{"meta":{"key":"oifname"}},"op":"!=","right":{"set":["\\"wan\\"","\\"wan2\\""]}}},{"accept":null}]}',
      ],
    },
  ]);
});

test("what changes by itself does not count", () => {
  const later = structuredClone(OBJECTS).map(
    (object) =>
      JSON.parse(JSON.stringify(object), (key, value: unknown) => (key === "handle" ? 999 : value)) as Record<
        string,
        unknown
      >,
  );
  const { chains, sets } = parseListing(OBJECTS);
  const listing = parseListing(later.toReversed().toSorted((a, b) => Number("rule" in a) - Number("rule" in b)));
  assert.deepEqual(
    new Set(listing.chains.map((chain) => JSON.stringify(chain))),
    new Set(chains.map((chain) => JSON.stringify(chain))),
  );
  assert.equal(listing.sets.length, sets.length);
});

for (const [words, number] of [
  ["dstnat", -100],
  ["srcnat", 100],
  ["srcnat + 10", 110],
  ["mangle", -150],
  ["filter - 5", -5],
  ["-100", -100],
] as const) {
  test(`the priority ${words} is ${number}`, () => assert.equal(priorityNumber(words), number));
}
