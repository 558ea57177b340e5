import assert from "node:assert/strict";
import { test } from "node:test";
import type { DropAccount } from "../diagnose/drop-account.ts";
import type { Finding } from "../diagnose/finding.ts";
import type { Report } from "../diagnose/report.ts";
import { changesText, doctorText, profileLines } from "./doctor-text.ts";

const plain = (_: string, text: string): string => text;

const NO_DROPS: DropAccount = {
  known: true,
  packets: 0,
  perSecond: 0,
  shares: [],
  unexplained: 0,
  unexplainedMatters: false,
};

function report(more: Partial<Report> = {}): Report {
  return {
    verdict: "healthy",
    takenAt: "2026-01-02T03:04:05.000Z",
    seconds: 3.04,
    findings: [],
    drops: NO_DROPS,
    capacity: { states: [], fullest: [] },
    checked: 41,
    unchecked: [],
    unseen: [],
    ...more,
  };
}

function finding(more: Partial<Finding> = {}): Finding {
  return {
    id: "table-full",
    title: "The connection table is full",
    severity: "loss",
    summary: "1,000 of 1,000",
    evidence: [{ what: "conntrack.drop", value: "12", meaning: "4 /s" }],
    why: "it is.",
    fixes: [],
    lossPerSecond: 4,
    page: "docs/findings/table-full.md",
    ...more,
  };
}

const DROPS: DropAccount = {
  known: true,
  packets: 16,
  perSecond: 4,
  shares: [
    { cause: "table-full", packets: 12, share: 0.75, finding: "table-full", usual: false },
    { cause: "no-socket", packets: 3, share: 0.1875, usual: true },
    { cause: "no-route", packets: 1, share: 0.0625, usual: false },
  ],
  unexplained: 1,
  unexplainedMatters: false,
};

const HEALTHY = "Healthy. (41 failure modes looked for, 3.0 s)";
const NOTHING = ["", "Dropped packets: none", "", "Capacity: not known here, see below"];

const TEXTS: readonly (readonly [what: string, report: Report, lines: readonly string[]])[] = [
  ["healthy", report(), [HEALTHY, ...NOTHING]],
  [
    "a note does not spoil the verdict",
    report({ findings: [finding({ severity: "note", subject: "wan", evidence: [], lossPerSecond: 0 })] }),
    [
      HEALTHY,
      "",
      "1. NOTE  The connection table is full: wan  table-full",
      "   1,000 of 1,000",
      "   Why it matters: it is.",
      "   See docs/findings/table-full.md",
      ...NOTHING,
    ],
  ],
  [
    "losses, with fix and drops",
    report({
      verdict: "losing-packets",
      seconds: 4,
      findings: [
        finding({
          top: { title: "Who", rows: ["10.64.1.9: 12"] },
          fixes: [
            {
              text: "Raise it",
              commands: ["sysctl -w x=2"],
              file: "capacity:\n  subscribers: 2",
              effect: "there is room",
              risk: "none",
              safe: [{ kind: "sysctl", name: "x", value: "2" }],
            },
            { text: "Wait", effect: "it ends", risk: "it does not" },
          ],
        }),
      ],
      drops: DROPS,
    }),
    [
      "Losing packets: 4.3 /s (table-full 94.1 %, unexplained 5.88 %). (41 failure modes looked for, 4.0 s)",
      "",
      "1. LOSES PACKETS  The connection table is full  table-full",
      "   1,000 of 1,000",
      "     conntrack.drop  12  4 /s",
      "   Who:",
      "     10.64.1.9: 12",
      "   Why it matters: it is.",
      "   Fix: Raise it.",
      "     # sysctl -w x=2",
      "     in the gateway file:",
      "       capacity:",
      "         subscribers: 2",
      "     Then: there is room. Risk: none.",
      "     MegaNAT can do it: meganat doctor --fix table-full",
      "   Or: Wait.",
      "     Then: it ends. Risk: it does not.",
      "   See docs/findings/table-full.md",
      "",
      "Dropped packets: 16, 4.0 /s",
      "   table-full  12  75.0 %  table-full",
      "   no-socket    3  18.8 %  usual on any network",
      "   no-route     1  6.25 %  unexplained",
      "   Unexplained: 1",
      "",
      "Capacity: not known here, see below",
    ],
  ],
  [
    "a rule's text does not push the table aside",
    report({
      verdict: "degraded",
      findings: [
        finding({
          severity: "degraded",
          evidence: [
            { what: "rule 1", value: "-s 10.64.1.0/24 -d 198.51.100.0/24 -p udp -m comment --comment long -j DROP" },
            { what: "packets", value: "12" },
          ],
        }),
      ],
    }),
    [
      "Degraded: The connection table is full. (41 failure modes looked for, 3.0 s)",
      "",
      "1. DEGRADED  The connection table is full  table-full",
      "   1,000 of 1,000",
      "     rule 1:",
      "       -s 10.64.1.0/24 -d 198.51.100.0/24 -p udp -m comment --comment long -j DROP",
      "     packets  12",
      "   Why it matters: it is.",
      "   See docs/findings/table-full.md",
      ...NOTHING,
    ],
  ],
  [
    "capacity, and what could not be checked",
    report({
      drops: { ...NO_DROPS, known: false },
      capacity: {
        connections: 900,
        max: 1000,
        used: 0.9,
        growthPerSecond: 10,
        secondsToFull: 10,
        buckets: 100,
        meanChain: 18,
        states: [{ protocol: 6, state: "ESTABLISHED", count: 900, assured: 800, unreplied: 1 }],
        fullest: [
          {
            address: "203.0.113.10",
            protocol: 17,
            destination: "198.51.100.9",
            destinationPort: 53,
            ports: { first: 1024, last: 2023 },
            used: 500,
            occupancy: 0.5,
            refusalChance: 0.01,
            subscribers: [],
          },
        ],
      },
      unseen: [{ signal: "drops", what: "dropped packets", why: "EPERM", remedy: "run as root" }],
      unchecked: [{ id: "rule-drop", title: "A rule drops", why: "rules could not be read" }],
    }),
    [
      HEALTHY,
      "",
      "Dropped packets: cannot be counted here, see below",
      "",
      "Capacity: 900 connections of 1,000 (90.0 %)",
      "   grows by 10 /s: full in 10 s",
      "   hash: 100 buckets, 18.00 entries in each on average",
      "   tcp ESTABLISHED: 900 (800 assured, 1 unreplied)",
      "   ports of 203.0.113.10 to 198.51.100.9:53/udp: 50.0 % used, next connection refused with 1.00 %",
      "",
      "What could not be checked",
      "   dropped packets: EPERM (run as root)",
      "   A rule drops: rules could not be read",
    ],
  ],
];

for (const [what, one, lines] of TEXTS) {
  test(`the doctor says: ${what}`, () => assert.deepEqual(doctorText(one, plain).split("\n"), lines));
}

test("a second look says what came and what went", () => {
  const before = report({ findings: [finding(), finding({ id: "rp-filter", subject: "wan", title: "Reverse path" })] });
  const now = report({
    verdict: "losing-packets",
    findings: [finding(), finding({ id: "rp-filter", subject: "lan", title: "Another way", evidence: [] })],
  });
  const lines = changesText(before, now, plain).split("\n");
  assert.match(lines[0] ?? "", /^\d\d:\d\d:\d\d Losing packets: 8.0 \/s \(table-full 50.0 %, rp-filter 50.0 %\)\./);
  assert.deepEqual(lines.slice(1), [
    "   LOSES PACKETS  Another way: lan  rp-filter",
    "   1,000 of 1,000",
    "   Why it matters: it is.",
    "   See docs/findings/table-full.md",
    "   gone: Reverse path",
  ]);
});

test("where the CPU time goes", () => {
  const nothing = { natShare: 0, natSamples: 0, parts: [], functions: [], limits: ["the kernel hides its addresses"] };
  assert.deepEqual(profileLines(nothing as unknown as Parameters<typeof profileLines>[0], plain), [
    "CPU time of NAT: none was seen",
    "   the kernel hides its addresses",
  ]);
});
