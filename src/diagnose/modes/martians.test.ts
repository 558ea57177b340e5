import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, logged, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import type { DroppedHeader } from "../signals.ts";
import { mode } from "./martians.ts";

function dropped(packets: number, ...headers: readonly Partial<DroppedHeader>[]): SignalChanges {
  return { drops: [drop("martian", packets)], headers: headers.map((more) => header("martian", more)) };
}

const KINDS: readonly [string, SignalChanges, string, string | undefined, string][] = [
  [
    "a translation to loopback",
    dropped(400, { destination: "127.0.0.1", interface: "wan" }),
    "to-loopback",
    undefined,
    "400 packets dropped in 2.0 s on wan: their destination is translated to 127.0.0.0/8, which may not be reached from outside",
  ],
  [
    "an address given twice",
    dropped(400, { source: "10.64.0.1" }),
    "own-source",
    undefined,
    "400 packets dropped in 2.0 s on lan: they come from 10.64.0.1, an address of this host: it is given twice, or they run in a circle",
  ],
  [
    "loopback as source",
    dropped(400, { source: "127.0.0.9" }, { source: "224.0.0.9" }),
    "impossible-source",
    "degraded",
    "400 packets dropped in 2.0 s on lan: no packet can come from 127.0.0.9 and 224.0.0.9",
  ],
  [
    "something else",
    dropped(400, {}),
    "other",
    "degraded",
    "400 packets dropped in 2.0 s on lan: source or destination cannot be there",
  ],
];

for (const [name, changes, subject, severity, summary] of KINDS) {
  test(name, () => {
    const [found] = mode.examine(signals(changes));
    assert.deepEqual([found?.subject, found?.severity, found?.summary], [subject, severity, summary]);
  });
}

test("two kinds share the drops", () => {
  const changes = dropped(
    400,
    { destination: "127.0.0.1" },
    { source: "10.64.0.1" },
    { source: "10.64.0.1" },
    { source: "10.64.0.1" },
  );
  assert.deepEqual(
    mode.examine(signals(changes)).map(({ subject, lostPackets }) => [subject, lostPackets]),
    [
      ["to-loopback", 100],
      ["own-source", 300],
    ],
  );
});

test("what the kernel logged is shown", () => {
  const last = "IPv4: martian source 10.64.1.9 from 127.0.0.9, on dev lan";
  const [found] = mode.examine(signals({ ...dropped(400, {}), log: [logged("martian-source", 5, { last })] }));
  assert.equal(found?.evidence.at(-1)?.value, last);
});

test("without the drops by cause the counters tell", () => {
  const [found] = mode.examine(signals({ without: ["drops"], deltas: { "route.in_martian_src": 100 } }));
  assert.deepEqual([found?.subject, found?.lostPackets], ["other", 100]);
});

const SILENT: readonly [string, SignalChanges][] = [
  ["a healthy gateway", {}],
  ["nonsense from the internet now and then", dropped(6, { source: "127.0.0.9", interface: "wan" })],
  ["an own address seen once", dropped(1, { source: "10.64.0.1" })],
];

for (const [name, changes] of SILENT) {
  test(`silent: ${name}`, () => assert.deepEqual(mode.examine(signals(changes)), []));
}
