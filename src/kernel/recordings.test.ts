import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import fc from "fast-check";
import { recording } from "../../test/fixtures/netlink-recording.ts";
import { connectionOf } from "./conntrack/decode-connection.ts";
import { protocolState } from "./conntrack/entry-protocol.ts";
import { askConnection } from "./conntrack/lookup.ts";
import { scan } from "./conntrack/scan.ts";
import { askConntrackCount, askConntrackStats } from "./conntrack/statistics.ts";
import { isKernelError, KernelError } from "./error.ts";
import type { NetlinkConnection } from "./netlink/connection.ts";
import { fakeAcknowledgement, fakeDone, fakeKernel, fakeMessage, replay } from "./netlink/fake-kernel.ts";
import { HOST_LITTLE_ENDIAN, NLM_F_DUMP_INTR, NLM_F_MULTI } from "./netlink/header.ts";
import { NetlinkMessage } from "./netlink/message.ts";
import { askGeneration, askTableComment } from "./nftables-netlink.ts";
import { readAddresses } from "./route/address.ts";
import { readLinks } from "./route/link.ts";
import { readPolicyRules } from "./route/policy-rule.ts";
import { readRoutes } from "./route/route.ts";

const LITTLE = { skip: HOST_LITTLE_ENDIAN ? false : "the recordings are of a little-endian host" } as const;

const EVERYTHING = { family: 0 } as const;

const TCP = { source: "10.0.0.1", destination: "8.8.8.8", protocol: 6, sourcePort: 1000, destinationPort: 80 } as const;

/** What a dump of the connection table says, each entry in full. */
function readConnections(kernel: NetlinkConnection): unknown[] {
  const list: unknown[] = [];
  scan(kernel, EVERYTHING, (entry) => void list.push(connectionOf(entry)));
  return list;
}

/** The same dump by numbers, as those who count read it. */
function readColumns(kernel: NetlinkConnection): unknown[] {
  const rows: unknown[] = [];
  scan(kernel, EVERYTHING, (entry) => {
    const { family, original, reply, status, timeout, mark, zone } = entry;
    const state = protocolState(entry);
    rows.push([
      [family, original.protocol, status, timeout, mark, zone, state < 0 ? 255 : state],
      [original.source, original.sourcePort, original.destination, original.destinationPort],
      [reply.source, reply.sourcePort, reply.destination, reply.destinationPort],
    ]);
  });
  return rows;
}

const LOOPBACK = { index: 1, name: "lo", up: true, carrier: true, mac: "00:00:00:00:00:00", mtu: 65536 };
const OF_KERNEL = { protocol: 2, table: 255 };

const RECORDINGS: readonly (readonly [string, (kernel: NetlinkConnection) => unknown, unknown])[] = [
  [
    "links",
    readLinks,
    [
      LOOPBACK,
      { index: 2, name: "peer", up: true, carrier: true, mac: "02:00:00:00:00:02", mtu: 1400, kind: "veth" },
      { index: 3, name: "wan", up: true, carrier: true, mac: "02:00:00:00:00:01", mtu: 1400, kind: "veth" },
    ],
  ],
  [
    "addresses",
    readAddresses,
    [
      { interface: "lo", address: 0x7f000001, length: 8 },
      { interface: "wan", address: 0x0a000001, length: 24 },
      { interface: "wan", address: 0x0a050001, length: 32, peer: 0x0a050002 },
    ],
  ],
  [
    "routes",
    (kernel) => readRoutes(kernel),
    [
      { destination: "10.9.0.0/16", table: 1000, type: "blackhole", protocol: 4, scope: "global", metric: 5 },
      {
        destination: "0.0.0.0/0",
        table: 254,
        type: "unicast",
        protocol: 4,
        scope: "global",
        interface: "wan",
        via: "10.0.0.2",
      },
      {
        destination: "10.0.0.0/24",
        table: 254,
        type: "unicast",
        protocol: 2,
        scope: "link",
        interface: "wan",
        source: "10.0.0.1",
      },
      {
        destination: "10.5.0.2/32",
        table: 254,
        type: "unicast",
        protocol: 2,
        scope: "link",
        interface: "wan",
        source: "10.5.0.1",
      },
      { destination: "10.0.0.1/32", ...OF_KERNEL, type: "local", scope: "host", interface: "wan", source: "10.0.0.1" },
      {
        destination: "10.0.0.255/32",
        ...OF_KERNEL,
        type: "broadcast",
        scope: "link",
        interface: "wan",
        source: "10.0.0.1",
      },
      { destination: "10.5.0.1/32", ...OF_KERNEL, type: "local", scope: "host", interface: "wan", source: "10.5.0.1" },
      { destination: "127.0.0.0/8", ...OF_KERNEL, type: "local", scope: "host", interface: "lo", source: "127.0.0.1" },
      { destination: "127.0.0.1/32", ...OF_KERNEL, type: "local", scope: "host", interface: "lo", source: "127.0.0.1" },
      {
        destination: "127.255.255.255/32",
        ...OF_KERNEL,
        type: "broadcast",
        scope: "link",
        interface: "lo",
        source: "127.0.0.1",
      },
    ],
  ],
  [
    // A kernel without strict checking sends all tables.
    "routes",
    (kernel) => readRoutes(kernel, 1000),
    [{ destination: "10.9.0.0/16", table: 1000, type: "blackhole", protocol: 4, scope: "global", metric: 5 }],
  ],
  [
    "rules",
    readPolicyRules,
    [
      { priority: 0, table: 255, lookup: true },
      { priority: 100, table: 1000, lookup: true, mark: 1, mask: 0xff },
      { priority: 101, table: 7, lookup: true, from: "10.0.0.0/8", to: "11.0.0.0/24", incoming: "wan" },
      { priority: 32766, table: 254, lookup: true },
      { priority: 32767, table: 253, lookup: true },
    ],
  ],
  [
    "connections",
    readConnections,
    [
      {
        family: 2,
        id: 2577729519,
        original: TCP,
        reply: { source: "8.8.8.8", destination: "61.1.1.1", protocol: 6, sourcePort: 80, destinationPort: 1000 },
        status: 0x198,
        timeout: 99,
        zone: 0,
        mark: 7,
        tcpState: "ESTABLISHED",
      },
      {
        family: 2,
        id: 3015596036,
        original: { source: "10.0.0.1", destination: "8.8.8.8", protocol: 1, sourcePort: 77, destinationPort: 0x0800 },
        reply: { source: "8.8.8.8", destination: "10.0.0.1", protocol: 1, sourcePort: 77, destinationPort: 0 },
        status: 8,
        timeout: 99,
        zone: 5,
        mark: 0,
      },
      {
        family: 10,
        id: 3743540246,
        original: {
          source: "2001:db8::1",
          destination: "2001:db8::2",
          protocol: 17,
          sourcePort: 1000,
          destinationPort: 53,
        },
        reply: {
          source: "2001:db8::2",
          destination: "2001:db8::1",
          protocol: 17,
          sourcePort: 53,
          destinationPort: 1000,
        },
        status: 8,
        timeout: 99,
        zone: 0,
        mark: 0,
      },
    ],
  ],
  [
    "connections",
    readColumns,
    [
      [
        [2, 6, 0x198, 99, 7, 0, 3],
        [0x0a000001, 1000, 0x08080808, 80],
        [0x08080808, 80, 0x3d010101, 1000],
      ],
      [
        [2, 1, 8, 99, 0, 5, 255],
        [0x0a000001, 77, 0x08080808, 0x0800],
        [0x08080808, 77, 0x0a000001, 0],
      ],
      [
        [10, 17, 8, 99, 0, 0, 255],
        [0, 1000, 0, 53],
        [0, 53, 0, 1000],
      ],
    ],
  ],
  ["conntrack-count", askConntrackCount, 3],
  ["conntrack-stats", (kernel) => askConntrackStats(kernel).sum.insert, 3],
  ["conntrack-stats", (kernel) => askConntrackStats(kernel).cpus.map((row) => row.cpu), [0, 1]],
  ["generation", askGeneration, 2],
  ["table-comment", (kernel) => askTableComment(kernel, "ip", "meganat"), "campus-border sha256:abc"],
];

for (const [index, [name, read, expected]] of RECORDINGS.entries()) {
  test(`recording ${index + 1}: ${name}`, LITTLE, () => {
    assert.deepEqual(read(replay(recording(name))), expected);
  });
}

test("a lookup that finds nothing is undefined, for the tuple asked", () => {
  const asked: string[] = [];
  const kernel = fakeKernel((request) => {
    asked.push(Buffer.from(request.body).toString("hex"));
    return [fakeAcknowledgement(request, constants.errno.ENOENT)];
  });
  assert.equal(askConnection(kernel, TCP, 5), undefined);
  const expected =
    "02000000 3400 0180 1400 0180 0800 0100 0a000001 0800 0200 08080808" +
    "1c00 0280 0500 0100 06000000 0600 0200 03e80000 0600 0300 00500000 0600 1200 00050000";
  if (HOST_LITTLE_ENDIAN) assert.deepEqual(asked, [expected.replaceAll(" ", "")]);
});

test("a list that changes while it is read is read again", () => {
  let asked = 0;
  const kernel = fakeKernel((request) => {
    asked += 1;
    const flags = asked < 3 ? NLM_F_MULTI | NLM_F_DUMP_INTR : NLM_F_MULTI;
    const rule = new NetlinkMessage(32).u8(2).u8(0).u8(0).u8(0).u8(asked).u8(0).u8(0).u8(1).u32(0);
    return [fakeMessage(32, flags, request.sequence, rule.finish(0).slice(16)), fakeDone(request)];
  });
  assert.deepEqual(readPolicyRules(kernel), [{ priority: 0, table: 3, lookup: true }]);
});

test("a list that always changes is an error in the end", () => {
  const kernel = fakeKernel((request) => [
    fakeMessage(20, NLM_F_MULTI | NLM_F_DUMP_INTR, request.sequence, new Uint8Array(16)),
    fakeDone(request),
  ]);
  assert.throws(
    () => readLinks(kernel),
    (error) => isKernelError(error, "kernel-interrupted"),
  );
});

/** What came of reading: a value or the code of a declared error; everything else is let through and fails the test. */
function outcome(read: (kernel: NetlinkConnection) => unknown, reads: readonly Uint8Array[], filler: number): unknown {
  try {
    return { value: read(replay(reads, filler)) };
  } catch (error) {
    if (error instanceof KernelError) return { code: error.code, message: error.message };
    throw error;
  }
}

/** Recordings with some bytes changed and perhaps cut short, as no kernel should send them. */
const damaged = fc
  .tuple(
    fc.integer({ min: 0, max: RECORDINGS.length - 1 }),
    fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 1, 3, 4, 0x7f, 0x80, 0xff), fc.nat(255))), {
      maxLength: 6,
    }),
    fc.option(fc.nat(), { nil: undefined }),
  )
  .map(([index, changes, cut]) => {
    const [name, read] = RECORDINGS[index] ?? assert.fail();
    const reads = recording(name).map((bytes) => Uint8Array.from(bytes));
    const last = reads.reduce((longest, bytes) => (bytes.length > longest.length ? bytes : longest));
    for (const [at, value] of changes) last[at % last.length] = value;
    return {
      name,
      read,
      reads:
        cut === undefined
          ? reads
          : reads.map((bytes) => (bytes === last ? bytes.slice(0, cut % (last.length + 1)) : bytes)),
    };
  });

test("damaged answers give a value or a declared error, end, and never show what lies behind them", () => {
  fc.assert(
    fc.property(damaged, ({ read, reads }) => {
      assert.deepEqual(outcome(read, reads, 0x00), outcome(read, reads, 0xff));
    }),
    { numRuns: 3000 },
  );
});
