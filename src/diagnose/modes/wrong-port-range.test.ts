import assert from "node:assert/strict";
import { test } from "node:test";
import { signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./wrong-port-range.ts";

const WIDE = { "net.ipv4.ip_local_port_range": "1024 65535" };
const NOTHING_TRANSLATED = { translated: { source: 0, destination: 0 } };

function occupied(occupancy: number): NonNullable<SignalChanges["table"]> {
  const ports = { first: 1024, last: 65_535 };
  const use = { address: "203.0.113.10", protocol: 6, destination: "198.51.100.9", destinationPort: 443, ports };
  return { portUse: [{ ...use, used: Math.round(64_512 * occupancy), occupancy, refusalChance: 0, subscribers: [] }] };
}

const TABLE: readonly (readonly [what: string, changes: SignalChanges, severity: string | undefined])[] = [
  ["as it is", {}, undefined],
  ["as it is, with another blank", { settings: { "net.ipv4.ip_local_port_range": "32768\t60999" } }, undefined],
  ["widened on a gateway", { settings: WIDE }, "note"],
  ["widened where ports are scarce", { settings: WIDE, table: occupied(0.9) }, "risk"],
  ["widened where ports are not scarce", { settings: WIDE, table: occupied(0.3) }, "note"],
  ["widened on a server that translates nothing", { settings: WIDE, table: NOTHING_TRANSLATED }, undefined],
  ["widened on a host that does not forward", { settings: { ...WIDE, "net.ipv4.ip_forward": "0" } }, undefined],
];

for (const [what, changes, severity] of TABLE) {
  test(`wrong-port-range: ${what}`, () => {
    const found = mode.examine(signals(changes));
    assert.deepEqual(
      found.map((one) => one.severity ?? mode.severity),
      severity === undefined ? [] : [severity],
    );
  });
}

test("wrong-port-range: puts back what the kernel has", () => {
  const [found] = mode.examine(signals({ settings: WIDE }));
  assert.deepEqual(found?.fixes[0]?.safe, [
    { kind: "sysctl", name: "net.ipv4.ip_local_port_range", value: "32768 60999" },
  ]);
});
