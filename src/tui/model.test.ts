import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { counter, gauge } from "../observe/counters/reading.ts";
import type { ScanResult } from "../kernel/conntrack/scan.ts";
import type { SurveyReport } from "../observe/survey/survey.ts";
import { begin, observed, viewOf, type Observation, type TopModel } from "./model.ts";

const START = begin({ namespace: "gw", interval: 0.5, supplies: [] });

function after(...seen: readonly Observation[]): TopModel {
  return seen.reduce(observed, START);
}

/** The counters at so many seconds. */
function counted(seconds: number, count: number, drop = 0): Observation {
  const readings = {
    "conntrack.count": gauge(count),
    "conntrack.max": gauge(10_000),
    "conntrack.buckets": gauge(1000),
    "conntrack.meanChain": gauge((2 * count) / 1000),
    "conntrack.drop": counter(drop, 32),
  };
  const takenAt = new Date(seconds * 1000).toISOString();
  return { kind: "counters", counters: { clock: seconds * 1000, takenAt, readings, missing: [] } };
}

const SCAN: ScanResult = {
  entries: 4000,
  malformed: 0,
  unknownAttributes: 0,
  interrupted: false,
  resized: false,
  countBefore: 4000,
  countAfter: 4000,
  seconds: 0.5,
  complete: true,
};

const REPORT: SurveyReport = {
  scan: SCAN,
  seconds: 10,
  newPerSecond: 50,
  grown: 100,
  subscribers: 2,
  error: 0,
  rows: [
    { address: "10.0.0.1", connections: 3000, newPerSecond: 50 },
    { address: "10.0.0.2", connections: 1000, newPerSecond: 0 },
  ],
  addresses: [],
};

const SURVEYED: Observation = { kind: "survey", report: REPORT, at: 20_000, nextAt: 29_500 };

describe("the table", () => {
  test("before anything was read", () => {
    const { table, rates, survey, drops, cpu, takenAt } = viewOf(START, 0);
    assert.deepEqual(
      [takenAt, table.connections, table.share, table.secondsToFull, rates.drop],
      ["", undefined, undefined, undefined, undefined],
    );
    assert.deepEqual(survey, { unavailable: "the table is being read" });
    assert.deepEqual([drops, cpu], [{ unavailable: "not measured yet" }, { unavailable: "not measured yet" }]);
  });

  test("growing: when it will be full", () => {
    const { table } = viewOf(after(counted(0, 1000), counted(2, 2000)), 2000);
    assert.deepEqual(table, {
      connections: 2000,
      max: 10_000,
      share: 0.2,
      buckets: 1000,
      meanChain: 4,
      netPerSecond: 500,
      secondsToFull: 16,
    });
  });

  /** [counts by second, net rate, seconds to full] */
  const CASES: readonly (readonly [string, readonly Observation[], number | undefined, number | undefined])[] = [
    ["one sample says nothing", [counted(0, 1000)], undefined, undefined],
    ["shrinking: never full", [counted(0, 2000), counted(1, 1000)], -1000, undefined],
    ["standing still", [counted(0, 2000), counted(1, 2000)], 0, undefined],
    ["over the limit already", [counted(0, 10_000), counted(1, 10_001)], 1, 0],
    ["only the last ten seconds count", [counted(0, 0), counted(5, 5000), counted(15, 6000)], 100, 40],
  ];
  for (const [what, seen, net, full] of CASES) {
    test(what, () => {
      const { table } = viewOf(after(...seen), 0);
      assert.deepEqual([table.netPerSecond, table.secondsToFull], [net, full]);
    });
  }
});

describe("rates", () => {
  test("of a counter that started again at 0", () => {
    const { rates } = viewOf(after(counted(0, 1, 4_294_967_290), counted(2, 1, 10)), 0);
    assert.equal(rates.drop, 8);
  });

  test("new and destroyed are the survey's; what the kernel does not count is not there", () => {
    const { rates } = viewOf(after(counted(0, 1), counted(1, 1), SURVEYED), 0);
    assert.deepEqual(rates, { new: 50, destroyed: 40, insertFailed: undefined, drop: 0, earlyDrop: undefined });
  });
});

describe("the survey", () => {
  test("its age, and shares of its entries", () => {
    const { survey, subscribers } = viewOf(after(SURVEYED), 23_000);
    assert.deepEqual(survey, { age: 3, seconds: 0.5, interval: 10, entries: 4000, consistent: true });
    assert.deepEqual(
      subscribers.rows.map(({ address, share }) => [address, share]),
      [
        ["10.0.0.1", 0.75],
        ["10.0.0.2", 0.25],
      ],
    );
  });

  test("interrupted or resized: not consistent", () => {
    for (const wrong of [{ interrupted: true }, { resized: true }]) {
      const seen: Observation = { ...SURVEYED, report: { ...REPORT, scan: { ...SCAN, ...wrong } } };
      const { survey } = viewOf(after(seen), 20_000);
      assert.ok("consistent" in survey && !survey.consistent);
    }
  });

  test("other rows of it come by themselves", () => {
    const rows = { rows: [], subscribers: 2, error: 0 };
    const { subscribers } = viewOf(
      after(SURVEYED, { kind: "rows", question: { order: "new", filter: "x" }, rows }),
      20_000,
    );
    assert.deepEqual(subscribers, { order: "new", filter: "x", total: 2, error: 0, rows: [] });
  });

  test("that fails says why and shows nothing old", () => {
    const view = viewOf(after(SURVEYED, { kind: "survey-failed", why: "not permitted" }), 20_000);
    assert.deepEqual([view.survey, view.addresses, view.subscribers.rows], [{ unavailable: "not permitted" }, [], []]);
    assert.equal(view.rates.new, undefined);
  });

  test("addresses: fullest first, those of the plan without connections last", () => {
    const fullest = {
      address: 0x01010101,
      protocol: 6,
      destination: 0x09090909,
      destinationPort: 443,
      ports: { first: 1024, last: 1123 },
      used: 50,
      occupancy: 0.5,
      refusalChance: 0,
    };
    const addresses = [
      { address: 0x01010101, connections: 50, fullest },
      { address: 0x01010102, connections: 10, fullest: { ...fullest, address: 0x01010102, occupancy: 0.9 } },
    ];
    const supplies = [0x01010103, 0x01010102].map((address) => ({ address, first: 1024, last: 1123 }));
    const seen: Observation = { ...SURVEYED, report: { ...REPORT, addresses } };
    const view = viewOf(observed(begin({ namespace: undefined, interval: 1, supplies }), seen), 0);
    assert.deepEqual(
      view.addresses.map((row) => [row.address, row.connections, row.fullest?.occupancy, row.fullest?.protocol]),
      [
        ["1.1.1.2", 10, 0.9, "tcp"],
        ["1.1.1.1", 50, 0.5, "tcp"],
        ["1.1.1.3", 0, undefined, undefined],
      ],
    );
  });
});

describe("drops", () => {
  const report = (...causes: readonly (readonly ["rule" | "no-route", number])[]): Observation => ({
    kind: "drops",
    report: { seconds: 2, causes: causes.map(([cause, packets]) => ({ cause, packets, confirmedBy: [] })) },
    limits: [],
  });
  const shown = (...seen: readonly Observation[]): unknown => {
    const { drops } = viewOf(after(...seen), 0);
    return "causes" in drops ? drops.causes.map(({ cause, perSecond, packets }) => [cause, perSecond, packets]) : drops;
  };

  test("add up by cause, and stay for a while after the last", () => {
    const seen = [report(["rule", 10]), report(["no-route", 4], ["rule", 2])];
    assert.deepEqual(shown(...seen), [
      ["no-route", 2, 4],
      ["rule", 1, 12],
    ]);
    assert.deepEqual(shown(...seen, report()), [
      ["rule", 0, 12],
      ["no-route", 0, 4],
    ]);
    assert.deepEqual(shown(...seen, ...Array.from({ length: 11 }, () => report())), []);
  });

  test("not seen: why", () => {
    assert.deepEqual(shown({ kind: "no-drops", why: "needs root" }), { unavailable: "needs root" });
  });
});

describe("processors", () => {
  const summary = {
    samples: 200,
    idle: 150,
    user: 10,
    kernel: 40,
    nat: { name: "NAT", samples: 10, share: 0.2 },
    parts: [{ id: "lookup", name: "look up", samples: 10, share: 0.2 }],
    functions: [],
  };

  test("share of NAT in the busy time; no samples change nothing", () => {
    const empty = { ...summary, samples: 0, idle: 0 };
    const { cpu } = viewOf(after({ kind: "cpu", summary }, { kind: "cpu", summary: empty }), 0);
    assert.deepEqual(cpu, { nat: 0.2, busy: 0.25, parts: [{ id: "lookup", title: "look up", share: 0.2 }] });
  });
});
