import assert from "node:assert/strict";
import { test } from "node:test";
import type { DropCount } from "../../kernel/drops/record.ts";
import { dropRows, protocolName, type DropNames } from "./interval.ts";

const NAMES: DropNames = {
  reason: (reason) => ({ 3: "NO_SOCKET", 12: "NETFILTER_DROP" })[reason] ?? `#${reason}`,
  location: (address) => ({ 1: "__udp4_lib_rcv", 2: "nf_hook_slow" })[Number(address)],
};

function count(packets: number, more: Partial<DropCount>): DropCount {
  return { reason: 3, location: 1n, namespace: 7, interface: 2, protocol: 0x0800, transport: 17, packets, ...more };
}

void test("what came since the last reading, most first, one row for all places in a function", () => {
  const rows = dropRows(
    [count(10, {})],
    [count(15, {}), count(4, { interface: 3 }), count(9, { location: 5n })],
    NAMES,
    () => undefined,
  );
  const row = {
    reason: "NO_SOCKET",
    location: "__udp4_lib_rcv",
    protocol: "IPv4 UDP",
    namespace: 7,
    cause: "no-socket",
  };
  assert.deepEqual(rows, [
    { ...row, packets: 9, location: "0x5", interface: 2 },
    { ...row, packets: 5, interface: 2 },
    { ...row, packets: 4, interface: 3 },
  ]);
});

void test("drops on a hook are shared out by their namespace's counters", () => {
  const hook = { reason: 12, location: 2n };
  const rows = dropRows(
    [],
    [count(60, hook), count(40, { ...hook, interface: 3 }), count(5, { ...hook, namespace: 8 })],
    NAMES,
    (namespace) => (namespace === 7 ? { drop: 100, insertFailed: 30, chainTooLong: 0 } : undefined),
  );
  const found = rows.map(({ packets, cause, interface: link, namespace }) => [packets, cause, link, namespace]);
  assert.deepEqual(found, [
    [60, "table-full", 2, 7],
    [30, "port-exhaustion", 3, 7],
    [10, "table-full", 3, 7],
    [5, "netfilter", 2, 8],
  ]);
});

void test("protocols in words", () => {
  const cases = [
    [0x0800, 6, "IPv4 TCP"],
    [0x86dd, 58, "IPv6 ICMPv6"],
    [0x0800, 99, "IPv4 protocol 99"],
    [0x0806, 0, "ARP"],
    [0x88cc, 0, "0x88cc"],
    [0, 0, "-"],
  ] as const;
  for (const [etherType, transport, name] of cases) assert.equal(protocolName(etherType, transport), name);
});
