import type { FailureMode } from "../failure-mode.ts";
import type { Fix, Severity } from "../finding.ts";
import { formatCount, formatPercent, formatRate } from "../figures.ts";
import { deltaOf, settingOf } from "../signals.ts";
import { shareOfHost } from "../host-share.ts";

const BUDGET = "net.core.netdev_budget";
const MICROSECONDS = "net.core.netdev_budget_usecs";
const USUAL_BUDGET = 300;
const USUAL_MICROSECONDS = 8000;
/** A CPU that is cut short so often a second spends its time beginning anew. A busy one is a few times. */
const NOTEWORTHY_PER_SECOND = 50;
/** Rounds are long under load: as many squeezes as this for each packet cannot come from load alone. */
const NOTEWORTHY_PER_PACKET = 1 / 2000;

/** The kernel stops taking packets with more of them waiting, again and again. */
export const mode: FailureMode = {
  id: "squeeze",
  title: "Receiving is cut short with packets waiting",
  severity: "degraded",
  why: "The kernel takes a limited number of packets in a round, for a limited time, and gives way to others; cut short too often, packets wait for the next round, and rings and queues overflow.",
  needs: [],
  counters: ["softnet.timeSqueeze", "softnet.processed"],
  examine: (signals) => {
    const squeezed = deltaOf(signals, "softnet.timeSqueeze");
    const processed = deltaOf(signals, "softnet.processed");
    const cpus = Object.entries(signals.counters["softnet.timeSqueeze"]?.cpuDeltas ?? {})
      .filter(([, count]) => count >= NOTEWORTHY_PER_SECOND * signals.seconds)
      .toSorted((a, b) => b[1] - a[1]);
    if (cpus.length === 0 || squeezed < processed * NOTEWORTHY_PER_PACKET) return [];
    const share = shareOfHost(signals);
    // Counted for the whole host: where others have most of the traffic it is theirs.
    const severity: Severity = signals.host.hostNamespace || share >= 0.5 ? "degraded" : "note";
    const [budget, microseconds] = [settingOf(signals, BUDGET), settingOf(signals, MICROSECONDS)];
    return [
      {
        severity,
        summary: `receiving is cut short ${formatRate(squeezed / signals.seconds)}, on CPU ${cpus.map(([cpu]) => cpu).join(", ")}`,
        evidence: [
          {
            what: "rounds that ended with packets waiting (softnet_stat, column 3)",
            value: formatCount(squeezed),
            meaning: `one for every ${formatCount(processed / squeezed)} packets, whole host`,
          },
          ...(budget === undefined ? [] : [{ what: `packets in a round (${BUDGET})`, value: formatCount(budget) }]),
          ...(microseconds === undefined
            ? []
            : [{ what: `microseconds of a round (${MICROSECONDS})`, value: formatCount(microseconds) }]),
          { what: "of the host's packets, by interfaces here", value: formatPercent(share) },
        ],
        top: {
          title: "By CPU",
          rows: cpus.slice(0, 5).map(([cpu, count]) => `CPU ${cpu}: ${formatRate(count / signals.seconds)}`),
        },
        fixes: [raise(budget, microseconds)],
      },
    ];
  },
};

function raise(budget: number | undefined, microseconds: number | undefined): Fix {
  const safe = [
    { kind: "sysctl" as const, name: BUDGET, value: String(Math.max(USUAL_BUDGET * 2, (budget ?? USUAL_BUDGET) * 2)) },
    {
      kind: "sysctl" as const,
      name: MICROSECONDS,
      value: String(Math.max(USUAL_MICROSECONDS, (microseconds ?? USUAL_MICROSECONDS) * 2)),
    },
  ];
  return {
    text: "Let a round take more packets, and more time: either limit ends it",
    commands: safe.map(({ name, value }) => `sysctl -w ${name}=${value}`),
    effect: "fewer rounds, each taking more packets",
    risk: "programs on these CPUs wait a little longer for their turn",
    safe,
  };
}
