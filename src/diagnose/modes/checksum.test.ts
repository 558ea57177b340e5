import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./checksum.ts";

const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

const QUIET: readonly (readonly [string, SignalChanges])[] = [
  ["a healthy gateway", {}],
  [
    "a damaged packet now and then",
    {
      drops: [drop("checksum", 4)],
      headers: many(4, header("checksum", { reason: "IP_CSUM" })),
      deltas: { "IpExt.InCsumErrors": 4 },
    },
  ],
  [
    "rules that drop packets in order",
    {
      drops: [drop("rule", 4000)],
      headers: many(40, header("rule", { checksum: "right" })),
      deltas: { "conntrack.invalid": 500 },
    },
  ],
  [
    "a scanner's crafted packets among many that rules drop",
    {
      drops: [drop("rule", 4000)],
      headers: [...many(36, header("rule", { checksum: "right" })), ...many(4, header("rule", { checksum: "wrong" }))],
      deltas: { "conntrack.invalid": 50 },
    },
  ],
  [
    "a local sender's packets, whose checksums are finished by the card, dropped by a rule",
    { drops: [drop("rule", 900)], headers: many(40, header("rule", { checksum: "unfinished" })) },
  ],
];

for (const [name, changes] of QUIET) {
  test(`nothing: ${name}`, () => {
    // Two invalid packets are usual.
    assert.deepEqual(mode.examine(signals({ ...changes, deltas: { "conntrack.invalid": 0, ...changes.deltas } })), []);
  });
}

test("packets for the host itself: counted where they are received", () => {
  const [found] = mode.examine(
    signals({
      drops: [drop("checksum", 300, { reason: "IP_CSUM" })],
      headers: many(5, header("checksum")),
      deltas: { "IpExt.InCsumErrors": 300 },
    }),
  );
  assert.equal(found?.summary, "150 /s packets lost to wrong checksums");
  assert.equal(found.lostPackets, 300);
  assert.deepEqual(found.explains, [{ cause: "checksum" }]);
  assert.deepEqual(found.top?.rows, ["5  10.64.1.9 by lan"]);
  assert.equal(found.fixes[0]?.commands?.[0], "ethtool -K lan rx off gro off");
});

test("packets on their way through: as many of those that rules dropped as of the samples", () => {
  const [found] = mode.examine(
    signals({
      drops: [drop("rule", 1000)],
      headers: [
        ...many(15, header("rule", { checksum: "wrong" })),
        ...many(5, header("rule", { checksum: "right" })),
        ...many(9, header("rule")),
      ],
      deltas: { "conntrack.invalid": 800 },
    }),
  );
  assert.deepEqual(found?.explains, [{ cause: "checksum" }, { cause: "rule", packets: 750 }]);
  assert.equal(found.evidence[0]?.meaning, "15 of 20 sampled packets that rules dropped");
});

test("never more than connection tracking found invalid", () => {
  const [found] = mode.examine(
    signals({
      drops: [drop("rule", 1000)],
      headers: many(20, header("rule", { checksum: "unfinished" })),
      deltas: { "conntrack.invalid": 100 },
    }),
  );
  assert.equal(found?.lostPackets, 100);
  assert.match(found.summary, /left unfinished by their sender$/);
  assert.match(found.fixes[0]?.commands?.[0] ?? "", /tx off/);
});

test("without drops by cause the kernel's counters say it", () => {
  const [found] = mode.examine(signals({ without: ["drops"], deltas: { "Tcp.InCsumErrors": 80 } }));
  assert.equal(found?.lostPackets, 80);
  assert.equal(found.evidence[0]?.meaning, "Tcp.InCsumErrors +80");
});
