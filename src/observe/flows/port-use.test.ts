import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpv4 } from "../../address/ipv4.ts";
import {
  CTA_PROTOINFO,
  CTA_PROTOINFO_TCP,
  CTA_PROTOINFO_TCP_STATE,
  CTA_STATUS,
} from "../../kernel/conntrack/attributes.ts";
import { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import type { Tuple } from "../../kernel/conntrack/tuple.ts";
import type { NetlinkMessage } from "../../kernel/netlink/message.ts";
import { all, entryBytes, u32 } from "../../../test/fixtures/connection-entries.ts";
import { PortUseCount, type PortSupply } from "./port-use.ts";

const SNAT = 0x10;
const number = (text: string): number => parseIpv4(text) ?? assert.fail(text);

interface Flow {
  readonly from: string;
  readonly by: string;
  readonly port: number;
  readonly to?: string;
  readonly protocol?: number;
  readonly status?: number;
  /** Of TCP, by number. */
  readonly state?: number;
}

function entryOf({ from, by, port, to = "9.9.9.9", protocol = 6, status = SNAT, state = 3 }: Flow): ConnectionEntry {
  const icmp = protocol === 1;
  const original: Tuple = {
    source: from,
    destination: to,
    protocol,
    sourcePort: icmp ? port : 5000,
    destinationPort: icmp ? 8 << 8 : 443,
  };
  const reply: Tuple = {
    source: to,
    destination: by,
    protocol,
    sourcePort: icmp ? port : 443,
    destinationPort: icmp ? 0 : port,
  };
  const body = entryBytes(original, reply, all(u32(CTA_STATUS, status), tcpState(state)));
  const bytes = Buffer.alloc(body.length + 4);
  bytes.set(body, 4);
  const entry = new ConnectionEntry(bytes);
  assert.ok(entry.scan(4, bytes.length));
  return entry;
}

const tcpState = (state: number) => (message: NetlinkMessage) =>
  message.nested(CTA_PROTOINFO, (info) =>
    info.nested(CTA_PROTOINFO_TCP, (tcp) => tcp.attribute(CTA_PROTOINFO_TCP_STATE, (value) => value.u8(state))),
  );

function portUse(flows: readonly Flow[], supplies: readonly PortSupply[], takesOver = false) {
  const count = new PortUseCount(supplies, takesOver);
  const entries = flows.map(entryOf);
  for (const entry of entries) count.count(entry);
  count.choose(10);
  for (const entry of entries) count.attribute(entry);
  return { count, uses: count.result(2) };
}

test("connections to one destination add up, whoever makes them; others stand apart", () => {
  const by = "61.1.1.1";
  const { uses, count } = portUse(
    [
      { from: "10.0.0.1", by, port: 1024 },
      { from: "10.0.0.1", by, port: 1025 },
      { from: "10.0.0.2", by, port: 1026 },
      { from: "10.0.0.2", by, port: 1026, to: "9.9.9.8" },
      { from: "10.0.0.3", by, port: 77, protocol: 1 },
      { from: "10.0.0.4", by, port: 2000, status: 0 },
    ],
    [{ address: number(by), first: 1024, last: 1033 }],
  );
  assert.equal(count.connections, 5);
  assert.deepEqual(uses[0], {
    address: number(by),
    protocol: 6,
    destination: number("9.9.9.9"),
    destinationPort: 443,
    ports: { first: 1024, last: 1033 },
    used: 3,
    occupancy: 0.3,
    refusalChance: 0,
    subscribers: [
      { address: number("10.0.0.1"), connections: 2 },
      { address: number("10.0.0.2"), connections: 1 },
    ],
  });
  assert.deepEqual(
    uses.slice(1).map(({ protocol, used, destinationPort }) => [protocol, used, destinationPort]),
    [
      [6, 1, 443],
      [1, 1, 0],
    ],
  );
});

test("with port blocks each block is counted for itself", () => {
  const by = "61.1.1.1";
  const { uses } = portUse(
    [
      { from: "10.0.0.1", by, port: 1024 },
      { from: "10.0.0.1", by, port: 1025 },
      { from: "10.0.0.2", by, port: 1026 },
    ],
    [{ address: number(by), first: 1024, last: 65535, blockSize: 2 }],
  );
  assert.deepEqual(
    uses.map(({ ports, used, refusalChance }) => [ports.first, ports.last, used, refusalChance]),
    [
      [1024, 1025, 2, 1],
      [1026, 1027, 1, 0],
    ],
  );
});

test("without a supply the kernel's own range is assumed", () => {
  const { uses } = portUse([{ from: "10.0.0.1", by: "61.1.1.9", port: 4000 }], []);
  assert.deepEqual(uses[0]?.ports, { first: 1024, last: 65535 });
  assert.equal(uses[0].occupancy, 1 / 64512);
});

test("several supplies of one address are counted apart, each for its protocols", () => {
  const address = "61.1.1.1";
  const { uses } = portUse(
    [
      { from: "10.0.0.1", by: address, port: 1024 },
      { from: "10.0.0.2", by: address, port: 2000 },
      { from: "10.0.0.2", by: address, port: 2001 },
      { from: "10.0.0.3", by: address, port: 1025, protocol: 17 },
    ],
    [
      { address: number(address), first: 1024, last: 1031, protocols: [6] },
      { address: number(address), first: 2000, last: 2003, protocols: [6] },
      { address: number(address), first: 1024, last: 65535, protocols: [17] },
    ],
  );
  assert.deepEqual(
    uses.map(({ protocol, ports, used }) => [protocol, ports.first, ports.last, used]),
    [
      [6, 2000, 2003, 2],
      [6, 1024, 1031, 1],
      [17, 1024, 65535, 1],
    ],
  );
});

test("a full block stands before a larger crowd in a wide range", () => {
  const count = new PortUseCount([{ address: number("61.1.1.1"), first: 1024, last: 1031, blockSize: 2 }]);
  const full = [1024, 1025].map((port) => entryOf({ from: "10.0.0.1", by: "61.1.1.1", port }));
  const crowd = Array.from({ length: 50 }, (_, i) => entryOf({ from: "10.0.0.2", by: "61.1.1.2", port: 3000 + i }));
  for (const entry of [...full, ...crowd]) count.count(entry);
  count.choose(1);
  assert.deepEqual(
    count.result(0).map(({ used, ports }) => [used, ports.last]),
    [[2, 1025]],
  );
});

test("ports of TCP connections that have ended are used, and given away by kernels that do so", () => {
  const supply = { address: number("61.1.1.1"), first: 1024, last: 65535, blockSize: 4 };
  const [established, timeWait, fixed] = [3, 7, SNAT | 0x400];
  const full = (flow: Partial<Flow>): Flow[] =>
    [1024, 1025, 1026, 1027].map((port) => ({ from: "10.0.0.1", by: "61.1.1.1", port, state: timeWait, ...flow }));
  const cases: readonly (readonly [flows: Flow[], takesOver: boolean, chance: number])[] = [
    [full({}), false, 1],
    [full({}), true, 0.5 ** 4],
    [full({ state: established }), true, 1],
    [full({ status: fixed }), true, 1],
    [full({ protocol: 132 }), true, 1],
    [[...full({}).slice(1), ...full({ state: established }).slice(0, 1)], true, 0.5 ** 3],
  ];
  for (const [flows, takesOver, chance] of cases) {
    const { uses } = portUse(flows, [supply], takesOver);
    assert.deepEqual(
      uses.map(({ used, occupancy, refusalChance }) => [used, occupancy, refusalChance]),
      [[4, 1, chance]],
    );
  }
});
