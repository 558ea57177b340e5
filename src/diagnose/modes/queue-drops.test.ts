import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./queue-drops.ts";

function queue(name: string, kind: string, packets: number, drops: number): SignalChanges {
  return {
    texts: { [name]: kind },
    deltas: { [`${name}.packets`]: packets, [`${name}.drops`]: drops, [`${name}.overlimits`]: drops },
    levels: { [`${name}.length`]: 3 },
    drops: drops === 0 ? [] : [drop("queue", drops, { reason: "QDISC_DROP", interface: "wan" })],
  };
}

const TABLE: readonly (readonly [string, SignalChanges, string | undefined])[] = [
  ["a healthy gateway", {}, undefined],
  ["a queue that drops nothing", queue("queue.wan.root", "pfifo_fast", 5000, 0), undefined],
  ["a burst that did not fit", queue("queue.wan.root", "pfifo_fast", 5000, 15), undefined],
  ["fq_codel that slows senders down", queue("queue.wan.root", "fq_codel", 5000, 120), undefined],
  ["few of very many", queue("queue.wan.root", "pfifo", 500_000, 500), undefined],
  [
    "a full queue",
    queue("queue.wan.root", "pfifo", 900, 100),
    "pfifo on wan drops 50 /s packets, 10.0 % of what is to leave",
  ],
  [
    "fq_codel that cannot slow them down",
    queue("queue.wan.root", "fq_codel", 900, 100),
    "fq_codel on wan drops 50 /s packets, 10.0 % of what is to leave",
  ],
  [
    "an interface whose name has a dot",
    queue("queue.wan.100.1:2", "pfifo", 900, 100),
    "pfifo on wan.100 drops 50 /s packets, 10.0 % of what is to leave",
  ],
];

for (const [name, changes, summary] of TABLE) {
  test(`${name}: ${summary === undefined ? "nothing" : "found"}`, () => {
    assert.equal(mode.examine(signals(changes))[0]?.summary, summary);
  });
}

test("a shaper and the queue in it count the same drops: once, and its rate is the first fix", () => {
  const outer = queue("queue.wan.root", "tbf", 900, 100);
  const inner = queue("queue.wan.1:1", "bfifo", 900, 100);
  const [found, ...more] = mode.examine(
    signals({
      ...outer,
      texts: { ...outer.texts, ...inner.texts },
      deltas: { ...outer.deltas, ...inner.deltas },
      headers: [header("queue", { interface: "wan" }), header("queue", { interface: "lan" })],
    }),
  );
  assert.deepEqual(more, []);
  assert.equal(found?.subject, "wan");
  assert.equal(found.lostPackets, 100);
  assert.deepEqual(found.explains, [{ cause: "queue", packets: 100 }]);
  assert.deepEqual(found.top?.rows, ["1  UDP 10.64.1.9 > 198.51.100.9:53 on wan"]);
  assert.match(found.fixes[0]?.text ?? "", /rate that tbf is set to/);
});

const held = (count: number) => ({
  interface: "wan",
  held: Array.from({ length: count }, (_, host) => ({ address: `10.64.1.${host + 1}`, drops: 10, total: 10 })),
});

const BY_THE_FILE: readonly (readonly [
  what: string,
  count: number,
  severity: string | undefined,
  words: RegExp,
  fix: RegExp,
])[] = [
  ["one", 1, "note", /: 10\.64\.1\.1 held to the rate in the gateway file$/, /per-subscriber: \{ up: RATE/],
  ["nine", 9, "note", /: 10\.64\.1\.1 and 8 more held to/, /per-subscriber: \{ up: RATE/],
  ["many", 10, undefined, /: 10\.64\.1\.1 and 9 more held to/, /line: \{ up: RATE/],
  ["nobody yet", 0, undefined, /of what is to leave$/, /line: \{ up: RATE/],
];

for (const [what, count, severity, words, fix] of BY_THE_FILE) {
  test(`rates of the gateway file: ${what} held to them`, () => {
    const [found] = mode.examine(signals({ ...queue("queue.wan.root", "htb", 900, 100), shaped: [held(count)] }));
    assert.equal(found?.severity, severity);
    assert.match(found?.summary ?? "", words);
    assert.match(found?.fixes[0]?.file ?? "", fix);
    assert.equal(found?.top?.rows[0], count === 0 ? undefined : "10.64.1.1: 10 packets dropped");
  });
}

test("two interfaces share what was dropped by queues", () => {
  const [wan, lan] = [queue("queue.wan.root", "pfifo", 900, 100), queue("queue.lan.root", "pfifo", 900, 300)];
  const found = mode.examine(
    signals({
      texts: { ...wan.texts, ...lan.texts },
      deltas: { ...wan.deltas, ...lan.deltas },
      drops: [drop("queue", 400)],
    }),
  );
  assert.deepEqual(
    found.map(({ subject, explains }) => [subject, explains?.[0]?.packets]),
    [
      ["wan", 100],
      ["lan", 300],
    ],
  );
});
