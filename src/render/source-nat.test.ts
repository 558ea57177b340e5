import assert from "node:assert/strict";
import { test } from "node:test";
import { forward, planOf, pool, source } from "../../test/fixtures/plan-of.ts";
import type { Gateway } from "../config/gateway.ts";
import { sourceParts, type SourceParts } from "./source-nat.ts";

const PORTED = "meta l4proto { tcp, udp, icmp, sctp, dccp, udplite }";
const MAPPED = "meta l4proto { tcp, udp, icmp, sctp, dccp, udplite, esp, ah, comp, 4, 41, 47, 115 }";

const STATEMENTS: readonly { what: string; parts: Partial<Gateway>; statements: readonly string[] }[] = [
  {
    what: "masquerade",
    parts: { sourceNat: [source("a", "10.10.1.0/24", "masquerade")] },
    statements: ["masquerade"],
  },
  {
    what: "masquerade with random ports",
    parts: { sourceNat: [source("a", "10.10.1.0/24", "masquerade", { random: true })] },
    statements: ["masquerade fully-random"],
  },
  {
    what: "masquerade keeps clear of forwards on the link's address",
    parts: {
      sourceNat: [source("a", "10.10.1.0/24", "masquerade", { random: true })],
      portForwards: [forward("web", "61.138.177.2:8080/tcp", "10.10.0.2")],
    },
    statements: [`${PORTED} masquerade to :8081-65535 fully-random`, "masquerade fully-random"],
  },
  {
    what: "one address",
    parts: { sourceNat: [source("a", "10.10.1.0/24", "61.138.177.9")] },
    statements: [`${PORTED} snat ip to 61.138.177.9:1024-65535`, "snat ip to 61.138.177.9"],
  },
  {
    what: "a pool of one address, random ports, clear of a forward",
    parts: {
      pools: [pool("p", "61.138.177.9", { ports: "2000-2999" })],
      sourceNat: [source("a", "10.10.1.0/24", "p", { random: true })],
      portForwards: [forward("web", "61.138.177.9:2100/tcp", "10.10.0.2:80")],
    },
    statements: [`${PORTED} snat ip to 61.138.177.9:2101-2999 fully-random`, "snat ip to 61.138.177.9"],
  },
  {
    what: "a shared pool: the same address for all protocols of a subscriber",
    parts: {
      pools: [pool("p", "61.138.177.8/31", { ports: "2000-2999" })],
      sourceNat: [source("a", "10.10.1.0/24", "p", { random: true })],
    },
    statements: [
      `${PORTED} snat ip to jhash ip saddr mod 2 seed 0x1 map { 0 : 61.138.177.8 . 2000-2999, 1 : 61.138.177.9 . 2000-2999 } fully-random`,
      "snat ip to jhash ip saddr mod 2 seed 0x1 map { 0 : 61.138.177.8, 1 : 61.138.177.9 }",
    ],
  },
  {
    what: "port blocks",
    parts: {
      pools: [pool("p", "61.138.177.8/31")],
      sourceNat: [source("a", "10.10.1.0/30", "p", { perSubscriber: 128 })],
    },
    statements: [`${MAPPED} snat ip to ip saddr map @blocks_a`],
  },
  {
    what: "port blocks with random ports",
    parts: {
      pools: [pool("p", "61.138.177.8/31")],
      sourceNat: [source("a", "10.10.1.0/30", "p", { perSubscriber: 128, random: true })],
    },
    statements: [`${MAPPED} snat ip to ip saddr map @blocks_a fully-random`],
  },
  {
    what: "a pool whose every port is listened on translates nothing; the guard drops",
    parts: {
      pools: [pool("p", "61.138.177.9", { ports: "2000-2001" })],
      sourceNat: [source("a", "10.10.1.0/24", "p")],
      portForwards: [forward("web", "61.138.177.9:2000-2001/tcp", "10.10.0.2")],
    },
    statements: [],
  },
];

for (const { what, parts, statements } of STATEMENTS) {
  test(`source NAT: ${what}`, () => {
    assert.deepEqual(only(parts).chain.rules, ['counter name "connections_a" comment "a"', ...statements]);
  });
}

const BLOCKS: readonly { what: string; parts: Partial<Gateway>; data: string; elements: readonly string[] }[] = [
  {
    what: "follow the grid over addresses",
    parts: {
      pools: [pool("p", "61.138.177.8/31", { ports: "1024-1279" })],
      sourceNat: [source("a", "10.10.1.0/30", "p", { perSubscriber: 128 })],
    },
    data: "interval ipv4_addr . inet_service",
    elements: [
      "10.10.1.0 : 61.138.177.8 . 1024-1151",
      "10.10.1.1 : 61.138.177.8 . 1152-1279",
      "10.10.1.2 : 61.138.177.9 . 1024-1151",
      "10.10.1.3 : 61.138.177.9 . 1152-1279",
    ],
  },
  {
    what: "pass over a listening port",
    parts: {
      pools: [pool("p", "61.138.177.8", { ports: "1024-1423" })],
      sourceNat: [source("a", "10.10.1.0/31", "p", { perSubscriber: 100 })],
      portForwards: [forward("web", "61.138.177.8:1124/tcp", "10.10.0.2:80")],
    },
    data: "interval ipv4_addr . inet_service",
    elements: ["10.10.1.0 : 61.138.177.8 . 1024-1123", "10.10.1.1 : 61.138.177.8 . 1324-1423"],
  },
  {
    what: "of one port are no ranges",
    parts: {
      pools: [pool("p", "61.138.177.8", { ports: "1024-1025" })],
      sourceNat: [source("a", "10.10.1.0/31", "p", { perSubscriber: 1 })],
    },
    data: "ipv4_addr . inet_service",
    elements: ["10.10.1.0 : 61.138.177.8 . 1024", "10.10.1.1 : 61.138.177.8 . 1025"],
  },
  {
    what: "leave out subscribers for whom there is none",
    parts: {
      pools: [pool("p", "61.138.177.8", { ports: "1024-1279" })],
      sourceNat: [source("a", "10.10.1.0/30", "p", { perSubscriber: 128 })],
    },
    data: "interval ipv4_addr . inet_service",
    elements: ["10.10.1.0 : 61.138.177.8 . 1024-1151", "10.10.1.1 : 61.138.177.8 . 1152-1279"],
  },
];

for (const { what, parts, data, elements } of BLOCKS) {
  test(`port blocks ${what}`, () => {
    const map = only(parts).sets.find(({ name }) => name === "blocks_a");
    assert.deepEqual([map?.key, map?.data, map?.flags, map?.elements], ["ipv4_addr", data, [], elements]);
  });
}

test("sets of subscribers and untranslated destinations hold joined ranges", () => {
  const from = "10.10.1.128/25, 10.10.1.0/25, 10.10.3.1-10.10.3.2, 10.10.1.7";
  const parts = only({
    sourceNat: [source("a", from, "masquerade", { except: "10.10.1.255", untranslatedTo: "192.0.2.0/24, 192.0.2.9" })],
  });
  assert.deepEqual(
    parts.sets.map(({ name, key, flags, elements }) => [name, key, flags, elements]),
    [
      ["from_a", "ipv4_addr", ["interval"], ["10.10.1.0-10.10.1.254", "10.10.3.1-10.10.3.2"]],
      ["untranslated_a", "ipv4_addr", ["interval"], ["192.0.2.0/24"]],
    ],
  );
  assert.deepEqual([parts.from, parts.untranslated], ["from_a", "untranslated_a"]);
});

test("a name nft cannot hold is kept whole in a comment", () => {
  const parts = only({ sourceNat: [source('büro "süd"', "10.10.1.0/24", "masquerade")] });
  assert.equal(parts.chain.rules[0], `counter name "${parts.counter.name}" comment "büro 'süd'"`);
});

function only(parts: Partial<Gateway>): SourceParts {
  const [first, ...rest] = planOf(parts).sources;
  assert.ok(first !== undefined && rest.length === 0);
  return sourceParts(first);
}
