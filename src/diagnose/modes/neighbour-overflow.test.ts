import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./neighbour-overflow.ts";

const FULL = { "neighbour.arp_cache.entries": 1024 };
const CREATEFAIL = drop("neighbour", 90, { reason: "NEIGH_CREATEFAIL", location: "ip_finish_output2" });

const TABLE: readonly (readonly [string, SignalChanges, string | undefined, string?])[] = [
  ["a healthy gateway", {}, undefined],
  ["a neighbour that does not answer", { drops: [drop("neighbour", 90, { reason: "NEIGH_FAILED" })] }, undefined],
  ["a table four fifths full", { levels: { "neighbour.arp_cache.entries": 820 } }, undefined],
  [
    "refused, and packets of ours dropped for it",
    { levels: FULL, deltas: { "neighbour.arp_cache.tableFulls": 90 }, drops: [CREATEFAIL] },
    "loss",
    "1,024 of 1,024 IPv4 neighbours; 90 refused in 2.0 s",
  ],
  [
    "refused to others, seen from the first namespace",
    { levels: FULL, deltas: { "neighbour.arp_cache.tableFulls": 90 } },
    "degraded",
  ],
  [
    "refused to others, seen from a container",
    { levels: FULL, deltas: { "neighbour.arp_cache.tableFulls": 90 }, host: { hostNamespace: false } },
    "note",
  ],
  [
    "refused, and what was dropped is not known",
    { levels: FULL, deltas: { "neighbour.arp_cache.tableFulls": 90 }, without: ["drops"] },
    "loss",
  ],
  [
    "nearly full",
    { levels: { "neighbour.arp_cache.entries": 1000 } },
    "risk",
    "1,000 of 1,024 IPv4 neighbours: 2.34 % left",
  ],
  ["nearly full, seen from a container", { levels: FULL, host: { hostNamespace: false } }, "note"],
];

for (const [name, changes, severity, summary] of TABLE) {
  test(`${name}: ${severity ?? "nothing"}`, () => {
    const [found] = mode.examine(signals(changes));
    assert.equal(found?.severity, severity);
    if (summary !== undefined) assert.equal(found?.summary, summary);
  });
}

test("the fix raises all three thresholds, the upper ones first", () => {
  const [found] = mode.examine(
    signals({ levels: FULL, deltas: { "neighbour.arp_cache.tableFulls": 90 }, drops: [CREATEFAIL] }),
  );
  assert.deepEqual(found?.explains, [{ cause: "neighbour", packets: 90 }]);
  assert.deepEqual(found.fixes[0]?.commands, [
    "sysctl -w net.ipv4.neigh.default.gc_thresh3=4096",
    "sysctl -w net.ipv4.neigh.default.gc_thresh2=2048",
    "sysctl -w net.ipv4.neigh.default.gc_thresh1=512",
  ]);
});

test("IPv6 has a table of its own", () => {
  const [found, ...more] = mode.examine(signals({ levels: { "neighbour.ndisc_cache.entries": 1023 } }));
  assert.deepEqual(more, []);
  assert.equal(found?.subject, "ndisc_cache");
  assert.match(found.fixes[0]?.commands?.[0] ?? "", /net\.ipv6/);
});
