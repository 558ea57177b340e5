import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpv4 } from "../../address/ipv4.ts";
import type { TableSignal } from "../../diagnose/signals/table.ts";
import {
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_PACKETS,
  CTA_COUNTERS_REPLY,
  CTA_HELP,
  CTA_HELP_NAME,
  CTA_PROTOINFO,
  CTA_PROTOINFO_TCP,
  CTA_PROTOINFO_TCP_STATE,
  CTA_STATUS,
  CTA_TIMEOUT,
} from "../../kernel/conntrack/attributes.ts";
import { STATUS, TCP_STATES } from "../../kernel/conntrack/connection.ts";
import { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import type { Tuple } from "../../kernel/conntrack/tuple.ts";
import {
  all,
  entryBytes,
  ENTRY_SAMPLES,
  nest,
  text,
  u32,
  u64,
  u8,
  type EntryParts,
} from "../../../test/fixtures/connection-entries.ts";
import { Census, type CensusOrder } from "./census.ts";

const INSIDE = "10.0.0.1";
const SERVER = "198.51.100.9";
const PUBLIC = "203.0.113.10";
const OWN = "203.0.113.2";
const addressOf = (words: string): number => parseIpv4(words) ?? assert.fail(words);

const ORDER: CensusOrder = {
  supplies: [{ address: addressOf(PUBLIC), first: 1024, last: 1027 }],
  own: [addressOf(OWN)],
  settings: {
    "net.netfilter.nf_conntrack_tcp_timeout_established": "7440",
    "net.netfilter.nf_conntrack_udp_timeout": "120",
  },
  services: [{ protocol: 17, first: 1026, last: 1026, address: { first: PUBLIC, last: PUBLIC } }],
};

const SCAN = {
  entries: 0,
  malformed: 0,
  unknownAttributes: 0,
  interrupted: false,
  resized: false,
  complete: true,
  countBefore: 0,
  countAfter: 0,
  seconds: 0.01,
};

interface Wanted {
  readonly protocol?: number;
  readonly source?: string;
  readonly sourcePort?: number;
  readonly to?: string;
  readonly port?: number;
  /** The public address and port it is translated to; default: none. */
  readonly as?: readonly [address: string, port: number];
  readonly status?: number;
  readonly timeout?: number;
  readonly tcp?: (typeof TCP_STATES)[number];
  readonly more?: EntryParts;
}

function entry(wanted: Wanted): Uint8Array {
  const { protocol = 17, source = INSIDE, sourcePort = 5000, to = SERVER, port = 53, as, tcp } = wanted;
  const original: Tuple = { protocol, source, sourcePort, destination: to, destinationPort: port };
  const [address, translated] = as ?? [source, sourcePort];
  const reply: Tuple = { protocol, source: to, sourcePort: port, destination: address, destinationPort: translated };
  const status = (wanted.status ?? 0) | (as === undefined ? 0 : STATUS.sourceNat);
  return entryBytes(
    original,
    reply,
    all(
      u32(CTA_STATUS, status),
      u32(CTA_TIMEOUT, wanted.timeout ?? 100),
      tcp === undefined
        ? () => undefined
        : nest(CTA_PROTOINFO, nest(CTA_PROTOINFO_TCP, u8(CTA_PROTOINFO_TCP_STATE, TCP_STATES.indexOf(tcp)))),
      wanted.more ?? (() => undefined),
    ),
  );
}

function censusOf(bodies: readonly Uint8Array[]): TableSignal {
  const census = new Census(ORDER, 1_800_000_000);
  const entries = bodies.map((body) => {
    const bytes = Buffer.alloc(body.length + 4);
    bytes.set(body, 4);
    const one = new ConnectionEntry(bytes);
    assert.ok(one.scan(4, bytes.length));
    return one;
  });
  for (const one of entries) census.add(one);
  if (census.choose()) for (const one of entries) census.attribute(one);
  return census.result(SCAN);
}

const ANSWERED = STATUS.seenReply;
const KEPT = STATUS.seenReply | STATUS.assured;
const packets = (asked: bigint, answered: bigint): EntryParts =>
  all(
    nest(CTA_COUNTERS_ORIG, u64(CTA_COUNTERS_PACKETS, asked)),
    nest(CTA_COUNTERS_REPLY, u64(CTA_COUNTERS_PACKETS, answered)),
  );

const CASES: readonly (readonly [
  what: string,
  entries: readonly Uint8Array[],
  look: (table: TableSignal) => unknown,
  expected: unknown,
])[] = [
  [
    "totals",
    [entry({ status: KEPT }), entry({}), entry({ status: STATUS.offload | KEPT })],
    ({ entries, assured, unreplied, offloaded, exact, interrupted }) => [
      entries,
      assured,
      unreplied,
      offloaded,
      exact,
      interrupted,
    ],
    [3, 2, 1, 1, true, false],
  ],
  [
    "states by how long they have been idle, where the timeout is known",
    [
      entry({ protocol: 6, tcp: "ESTABLISHED", status: KEPT, timeout: 7440 }),
      entry({ protocol: 6, tcp: "ESTABLISHED", status: KEPT, timeout: 3000 }),
      entry({ protocol: 6, tcp: "SYN_SENT", timeout: 110 }),
    ],
    ({ states }) => states,
    [
      { protocol: 6, state: "ESTABLISHED", count: 2, assured: 2, unreplied: 0, idle: [1, 0, 0, 0, 1, 0, 0] },
      { protocol: 6, state: "SYN_SENT", count: 1, assured: 0, unreplied: 1 },
    ],
  ],
  [
    "half-open connections by both ends",
    [
      entry({ protocol: 6, tcp: "SYN_SENT", port: 443 }),
      entry({ protocol: 6, tcp: "SYN_RECV", port: 443, sourcePort: 5001 }),
      entry({ protocol: 6, tcp: "ESTABLISHED", port: 443, sourcePort: 5002 }),
    ],
    ({ halfOpen }) => halfOpen,
    { sources: [{ key: INSIDE, count: 2 }], destinations: [{ key: `${SERVER}:443`, count: 2 }] },
  ],
  [
    "public addresses, with those nobody has answered",
    [entry({ as: [PUBLIC, 1024] }), entry({ as: [PUBLIC, 1025], sourcePort: 5001, status: ANSWERED })],
    ({ publicAddresses, translated }) => [publicAddresses, translated],
    [[{ address: PUBLIC, connections: 2, unreplied: 1 }], { source: 2, destination: 0 }],
  ],
  [
    "the ports a destination has, and whose they are",
    [1024, 1025, 1027].map((port, index) => entry({ as: [PUBLIC, port], source: `10.0.0.${index === 0 ? 2 : 1}` })),
    ({ portUse }) =>
      portUse.map(({ address, used, occupancy, subscribers }) => ({ address, used, occupancy, subscribers })),
    [
      {
        address: PUBLIC,
        used: 3,
        occupancy: 0.75,
        subscribers: [
          { key: INSIDE, count: 2 },
          { key: "10.0.0.2", count: 1 },
        ],
      },
    ],
  ],
  [
    "what leaves untranslated; what begins or ends at the host itself is none",
    [entry({}), entry({ source: OWN }), entry({ to: OWN }), entry({ as: [PUBLIC, 1024] })],
    ({ untranslated, seen }) => [untranslated.map(({ original }) => original.source), seen?.untranslated],
    [[INSIDE], 1],
  ],
  [
    "port forwards that nobody has answered",
    [entry({ status: STATUS.destinationNat }), entry({ status: STATUS.destinationNat | ANSWERED, sourcePort: 1 })],
    ({ unansweredForwards, translated }) => [unansweredForwards.length, translated.destination],
    [1, 2],
  ],
  [
    "one direction only: beyond a first try, or past the handshake",
    [
      entry({ more: packets(9n, 0n) }),
      entry({ sourcePort: 2, more: packets(3n, 0n) }),
      entry({ sourcePort: 3, more: packets(9n, 4n), status: ANSWERED }),
      entry({ protocol: 6, tcp: "ESTABLISHED" }),
    ],
    ({ oneWay }) => oneWay.map(({ protocol }) => protocol).toSorted((a, b) => a - b),
    [6, 17],
  ],
  [
    "a protocol that needs a helper, with it and without; TFTP's answer never belongs to it",
    [
      entry({ protocol: 6, port: 21, as: [PUBLIC, 1024], status: ANSWERED }),
      entry({
        protocol: 6,
        port: 21,
        as: [PUBLIC, 1025],
        status: ANSWERED | STATUS.helper,
        more: nest(CTA_HELP, text(CTA_HELP_NAME, "ftp")),
      }),
      entry({ protocol: 6, port: 5060, as: [PUBLIC, 1026] }),
      entry({ port: 69, as: [PUBLIC, 1027] }),
    ],
    ({ helperPorts, helpers }) => [helperPorts.map(({ key }) => key).toSorted(), helpers],
    [["tcp/21", "udp/69"], [{ key: "ftp", count: 1 }]],
  ],
  [
    "a connection with the port of a service",
    [entry({ as: [PUBLIC, 1026] }), entry({ as: [PUBLIC, 1027] })],
    ({ shadows, shadowed }) => [shadows, shadowed.map(({ reply }) => reply.destinationPort)],
    [[{ key: `${PUBLIC}:1026/udp`, count: 1 }], [1026]],
  ],
];

for (const [what, entries, look, expected] of CASES) {
  test(`the census tells ${what}`, () => assert.deepEqual(look(censusOf(entries)), expected));
}

test("the census takes entries of every kind", () => {
  const table = censusOf(ENTRY_SAMPLES);
  assert.equal(table.entries, ENTRY_SAMPLES.length);
  assert.equal(
    table.states.reduce((sum, { count }) => sum + count, 0),
    ENTRY_SAMPLES.length,
  );
});
