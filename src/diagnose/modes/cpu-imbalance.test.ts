import assert from "node:assert/strict";
import { test } from "node:test";
import { link, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./cpu-imbalance.ts";

/** Packets taken in, milliseconds of 2000 spent on it, packets dropped: by CPU. */
function cpus(processed: number[], softirq: number[], dropped: number[] = processed.map(() => 0)): SignalChanges {
  return {
    cpuDeltas: {
      "softnet.processed": processed,
      "cpu.softirqMs": softirq,
      "softnet.dropped": dropped,
    },
    host: { cpus: processed.length },
  };
}

const TABLE: readonly (readonly [string, SignalChanges, string | undefined])[] = [
  ["a healthy gateway", cpus([5200, 4800], [20, 20]), undefined],
  ["one queue, little to do", cpus([9000, 100], [60, 0]), undefined],
  ["all of it on one CPU, which has time left", cpus([400_000, 9000], [1300, 40]), undefined],
  ["all CPUs exhausted alike", cpus([500_000, 480_000], [1950, 1900]), undefined],
  ["one exhausted by something else than packets", cpus([300, 100], [1990, 10]), undefined],
  ["most CPUs busy, one idle", cpus([400_000, 100_000, 90_000, 80_000], [1900, 1500, 1400, 10]), undefined],
  ["a burst that one queue had no room for", cpus([400_000, 90_000], [300, 40], [500, 0]), undefined],
  ["queues that overflow everywhere", cpus([400_000, 90_000], [1500, 700], [40_000, 9000]), undefined],
  [
    "one exhausted, the other idle",
    cpus([20_000, 480_000], [50, 1960]),
    "CPU 1 takes in 96.0 % of all packets and spends 98.0 % of its time on it",
  ],
  [
    "half of its time is not enough, and its queue overflows",
    cpus([20_000, 380_000], [50, 1000], [0, 9000]),
    "CPU 1 takes in 95.0 % of all packets and spends 50.0 % of its time on it, its queue overflows",
  ],
  [
    "programs have most of its time, and its queue overflows",
    cpus([20_000, 180_000], [50, 500], [0, 90_000]),
    "CPU 1 takes in 90.0 % of all packets and spends 25.0 % of its time on it, its queue overflows",
  ],
  [
    "one of eight",
    cpus([300_000, 1, 1, 1, 1, 1, 1, 1], [1990, 0, 0, 0, 0, 0, 0, 0]),
    "CPU 0 takes in 100.0 % of all packets and spends 99.5 % of its time on it",
  ],
];

for (const [name, changes, summary] of TABLE) {
  test(`${name}: ${summary === undefined ? "nothing" : "found"}`, () => {
    assert.equal(mode.examine(signals(changes))[0]?.summary, summary);
  });
}

test("in a namespace with little of the traffic it is only worth knowing", () => {
  const busy = cpus([20_000, 480_000], [50, 1960]);
  const [found] = mode.examine(signals({ ...busy, host: { cpus: 2, hostNamespace: false } }));
  assert.equal(found?.severity, "note");
});

test("a card shares packets out itself, virtual interfaces are shared out by the kernel", () => {
  const busy = cpus([20_000, 480_000], [50, 1960]);
  const card = mode.examine(signals(busy))[0]?.fixes;
  assert.equal(card?.[0]?.commands?.[1], "ethtool -L wan combined 2");
  const links = [link({ name: "lo" }), link({ name: "wan", kind: "veth" })];
  const veth = mode.examine(signals({ ...busy, network: { links } }))[0]?.fixes;
  assert.deepEqual(veth?.[0]?.commands, ["for q in /sys/class/net/wan/queues/rx-*; do echo 3 > $q/rps_cpus; done"]);
});
