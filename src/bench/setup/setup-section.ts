import { FEWEST_RUNS, type Ratio } from "../method/estimate.ts";
import { verdictSentence } from "../method/verdict.ts";
import { estimateCell, ratioCell, type Section } from "../report/section.ts";
import {
  SETUP_ARMS,
  type SetupArm,
  type SetupArmResult,
  type SetupLevel,
  type SetupResult,
} from "./setup-benchmark.ts";
import { SUBSCRIBER_COUNT } from "./table-gateway.ts";

/** New connections with a full table against an empty one, at least. */
export const FLAT = 0.75;

const THOUSAND = 1000;

/** The set-up rate as people read it. */
export function setupSection({ slice, arms, ratios }: SetupResult): Section {
  const { plannedFullVsEmpty: planned } = ratios;
  const levels = arms.planned.levels;
  return {
    id: "setup",
    title: "New connections",
    method: [
      `UDP connections of ${SUBSCRIBER_COUNT.toLocaleString("en")} subscribers to random addresses and ports, each answered once, through a pool of 28`,
      "addresses (RFC 9693: establishment, tear-down). Stock: limit and buckets raised to what is to be held, ports",
      "preserved. Planned: what `meganat apply` sets for as many. Of each trial the CPU time is taken of the thread that",
      `sends, on which the gateway works as well; its ${slice.toLocaleString("en")} connections are removed after it.`,
    ].join(" "),
    tables: [
      {
        title: "Thousand new connections for a second of CPU time (95 %)",
        head: ["held", ...SETUP_ARMS],
        rows: [
          ...levels.map(({ held }, i) => [
            held.toLocaleString("en"),
            ...SETUP_ARMS.map((arm) => levelCell(arms[arm].levels[i])),
          ]),
          ["empty again", ...SETUP_ARMS.map((arm) => levelCell(arms[arm].emptyAgain))],
          ["full / empty", ratioCell(ratios.stockFullVsEmpty), ratioCell(planned)],
        ],
      },
      {
        title: "The gateways",
        head: ["arm", "limit", "buckets", "ports", "early demux", "refused", "removed a second"],
        rows: SETUP_ARMS.map((arm) => settingsRow(arm, arms[arm])),
      },
    ],
    charts: [
      {
        kind: "curves",
        title: "New connections by what the table holds",
        x: { label: "connections held", logarithmic: false },
        y: { label: "thousand for a CPU second" },
        series: SETUP_ARMS.map((arm) => ({ name: arm, points: arms[arm].levels.map(point) })),
      },
    ],
    findings: [
      verdictSentence("planned, full", "planned, empty", planned),
      verdictSentence("stock, full", "stock, empty", ratios.stockFullVsEmpty),
      verdictSentence("planned, full", "stock, full", ratios.plannedVsStockFull),
      `At least ${FLAT} of the rate at an empty table: ${standing(planned)}.`,
    ],
    limits: [
      "Generator, gateway and the far side share one CPU: the figures are of one CPU and of the whole way, not of NAT alone.",
      "nf_nat_bysource keeps the size it had at boot on this machine, so that preserving ports in a full table cannot be measured at its best here.",
      "Trials of one arm follow each other with the same table; arms take turns by rounds.",
    ],
  };
}

/** `met` and `missed` only if the whole interval says so. */
function standing({ low, high, rounds }: Ratio): string {
  if (rounds < FEWEST_RUNS) return "too few trials to say";
  if (low >= FLAT) return "met";
  return high < FLAT ? "missed" : "undecided";
}

function levelCell(level: SetupLevel | undefined): string {
  return level === undefined ? "" : estimateCell(level.perCpuSecond, 0, THOUSAND);
}

function point({ held, perCpuSecond: { median, low, high } }: SetupLevel) {
  return { x: held, y: median / THOUSAND, low: low / THOUSAND, high: high / THOUSAND };
}

function settingsRow(arm: SetupArm, { settings, levels, tearDown }: SetupArmResult): string[] {
  const refused = levels.reduce((sum, level) => sum + level.refused, 0);
  const tried = levels.reduce((sum, level) => sum + level.tried, 0);
  return [
    arm,
    settings.max.toLocaleString("en"),
    settings.buckets.toLocaleString("en"),
    settings.selection,
    settings.earlyDemux ? "on" : "off",
    `${refused} of ${tried.toLocaleString("en")}`,
    Math.round(tearDown.perSecond.median).toLocaleString("en"),
  ];
}
