import type { FailureMode } from "../failure-mode.ts";
import type { Fix } from "../finding.ts";
import { formatCount, formatPercent, formatRate } from "../figures.ts";
import { deltaOf, droppedFor, settingOf, type Signals } from "../signals.ts";

const LIMIT = "net.core.netdev_max_backlog";
const USUAL_LIMIT = 1000;
/** A burst that found a CPU busy for a moment is no sign of anything. */
const NOTEWORTHY_PER_SECOND = 10;
const NOTEWORTHY_SHARE = 0.001;

/** Packets arrive faster than a CPU takes them from its queue. */
export const mode: FailureMode = {
  id: "backlog",
  title: "A CPU's queue of received packets overflows",
  severity: "loss",
  why: "What comes by a virtual interface, or is steered to another CPU, waits in a queue of that CPU; when the queue is full every further packet is dropped before any rule sees it.",
  needs: [],
  counters: ["softnet.dropped", "softnet.processed"],
  // One CPU that cannot keep up, while others could help, is how queues overflow; answers to ARP die in them too.
  consequences: ["cpu-imbalance", "squeeze", "neighbour-unresolved"],
  examine: (signals) => {
    const counted = deltaOf(signals, "softnet.dropped");
    // The counter is the whole host's; what was dropped here is known where drops are watched.
    const lost =
      signals.drops === undefined ? (signals.host.hostNamespace ? counted : 0) : droppedFor(signals, "backlog");
    const processed = deltaOf(signals, "softnet.processed");
    if (lost < NOTEWORTHY_PER_SECOND * signals.seconds || lost < processed * NOTEWORTHY_SHARE) return [];
    const cpus = cpusOf(signals);
    const limit = settingOf(signals, LIMIT);
    const flowLimit = deltaOf(signals, "softnet.flowLimit");
    return [
      {
        summary: `${formatRate(lost / signals.seconds)} packets dropped in front of CPU ${cpus.map(({ cpu }) => cpu).join(", ") || "?"}`,
        evidence: [
          { what: "packets dropped because a CPU's queue was full", value: formatCount(lost), meaning: "CPU_BACKLOG" },
          {
            what: "the same of the whole host (softnet_stat, column 2)",
            value: formatCount(counted),
            meaning: `${formatPercent(counted / Math.max(1, counted + processed))} of what came`,
          },
          ...(limit === undefined ? [] : [{ what: `room in the queue (${LIMIT})`, value: formatCount(limit) }]),
          ...(flowLimit === 0
            ? []
            : [{ what: "dropped because one flow filled the queue", value: formatCount(flowLimit) }]),
        ],
        ...(cpus.length === 0
          ? {}
          : {
              top: {
                title: "Dropped by CPU, whole host",
                rows: cpus
                  .slice(0, 5)
                  .map(
                    ({ cpu, dropped, handled }) =>
                      `CPU ${cpu}: ${formatCount(dropped)} dropped, ${formatCount(handled)} handled`,
                  ),
              },
            }),
        lostPackets: lost,
        explains: [{ cause: "backlog" }],
        fixes: [longer(limit ?? USUAL_LIMIT), spread(signals)],
      },
    ];
  },
};

function cpusOf(signals: Signals): { readonly cpu: string; readonly dropped: number; readonly handled: number }[] {
  const handled = signals.counters["softnet.processed"]?.cpuDeltas ?? {};
  return Object.entries(signals.counters["softnet.dropped"]?.cpuDeltas ?? {})
    .filter(([, dropped]) => dropped > 0)
    .toSorted((a, b) => b[1] - a[1])
    .map(([cpu, dropped]) => ({ cpu, dropped, handled: handled[Number(cpu)] ?? 0 }));
}

function longer(limit: number): Fix {
  const value = String(Math.max(10_000, limit * 4));
  return {
    text: "Let more packets wait",
    commands: [`sysctl -w ${LIMIT}=${value}`],
    effect: "bursts are ridden out; packets wait longer instead of being dropped",
    risk: "if packets keep arriving faster than they are handled, it only adds delay",
    safe: [{ kind: "sysctl", name: LIMIT, value }],
  };
}

function spread({ host, network }: Signals): Fix {
  const name = network.links.find(({ kind, name: link }) => kind === undefined && link !== "lo")?.name ?? "IF";
  const mask = host.cpus >= 32 ? "ffffffff" : (2 ** host.cpus - 1).toString(16);
  return {
    text: "Spread the packets over more CPUs",
    commands: [
      `echo ${mask} > /sys/class/net/${name}/queues/rx-0/rps_cpus`,
      `ethtool -L ${name} combined ${host.cpus}    # if the card has several queues`,
    ],
    effect: "every CPU takes its part; packets of one connection stay together",
    risk: "none; costs an interrupt between CPUs for each batch",
  };
}
