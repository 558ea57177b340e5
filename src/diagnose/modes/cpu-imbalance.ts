import type { FailureMode } from "../failure-mode.ts";
import type { Fix, Severity } from "../finding.ts";
import { formatCount, formatPercent } from "../figures.ts";
import { shareOfHost } from "../host-share.ts";
import type { Signals } from "../signals.ts";

/** A CPU that takes packets in for so much of its time has none left: the next burst is lost. */
const EXHAUSTED = 0.9;
/**
 * A queue that overflows says the same. Time is no measure then: programs may have most of it, and kernels that count
 * it by a tick miss what an idle CPU does between two of them.
 */
const DROPPED_PER_SECOND = 10;
const DROPPED_SHARE = 0.01;
/** Of all packets: with two CPUs even an unlucky hash gives each a third. */
const MOST_OF_THEM = 1.5;
/** Fewer packets a second are no load, whatever takes the time. */
const LOADED_PER_SECOND = 5000;

interface Cpu {
  readonly cpu: string;
  readonly processed: number;
  /** In front of it, because its queue was full. */
  readonly dropped: number;
  /** Of its time, 0 to 1. */
  readonly softirq: number;
}

/** One CPU takes all packets in and can do no more, while others have time. */
export const mode: FailureMode = {
  id: "cpu-imbalance",
  title: "One CPU takes in most packets and is exhausted",
  severity: "degraded",
  why: "What a gateway can forward is what its busiest CPU can; while one is exhausted packets wait and are lost, however idle the others are.",
  needs: [],
  counters: ["softnet.processed", "cpu.softirqMs"],
  // The queues in front of an exhausted CPU overflow, answers to ARP die in them too, and it is interrupted at its work.
  consequences: ["backlog", "squeeze", "ring-full", "neighbour-unresolved"],
  examine: (signals) => {
    const cpus = cpusOf(signals);
    const [busiest, ...others] = cpus.toSorted((a, b) => b.processed - a.processed);
    if (busiest === undefined || others.length === 0) return [];
    const all = cpus.reduce((sum, { processed }) => sum + processed, 0);
    const ratio = all === 0 ? 0 : (busiest.processed * cpus.length) / all;
    const isOverrun = overflows(busiest, signals.seconds);
    const helpers = others.filter((cpu) =>
      isOverrun ? !overflows(cpu, signals.seconds) : cpu.softirq < busiest.softirq / 2,
    );
    if (!isOverrun && busiest.softirq < EXHAUSTED) return [];
    if (helpers.length < others.length / 2 || ratio < MOST_OF_THEM) return [];
    if (busiest.processed < LOADED_PER_SECOND * signals.seconds) return [];
    const share = shareOfHost(signals);
    const severity: Severity = signals.host.hostNamespace || share >= 0.5 ? "degraded" : "note";
    return [
      {
        severity,
        summary: `CPU ${busiest.cpu} takes in ${formatPercent(busiest.processed / all)} of all packets and spends ${formatPercent(busiest.softirq)} of its time on it${busiest.dropped > 0 ? ", its queue overflows" : ""}`,
        evidence: [
          {
            what: `packets taken in by CPU ${busiest.cpu}`,
            value: formatCount(busiest.processed),
            meaning: `${ratio.toFixed(1)} times the mean of ${cpus.length} CPUs`,
          },
          {
            what: `its time in softirq`,
            value: formatPercent(busiest.softirq),
            meaning: `the others: ${others
              .map(({ cpu, softirq }) => `CPU ${cpu} ${formatPercent(softirq)}`)
              .slice(0, 4)
              .join(", ")}`,
          },
          ...(busiest.dropped === 0
            ? []
            : [{ what: `dropped in front of CPU ${busiest.cpu}`, value: formatCount(busiest.dropped) }]),
          { what: "of the host's packets, by interfaces here", value: formatPercent(share) },
        ],
        top: {
          title: "Packets by CPU",
          rows: cpus
            .toSorted((a, b) => b.processed - a.processed)
            .slice(0, 5)
            .map(
              ({ cpu, processed, softirq }) =>
                `CPU ${cpu}: ${formatCount(processed)}, ${formatPercent(softirq)} of its time`,
            ),
        },
        fixes: fixes(signals),
      },
    ];
  },
};

function overflows({ dropped, processed }: Cpu, seconds: number): boolean {
  return dropped >= Math.max(DROPPED_PER_SECOND * seconds, processed * DROPPED_SHARE);
}

function cpusOf({ counters, seconds }: Signals): Cpu[] {
  const processed = counters["softnet.processed"]?.cpuDeltas ?? {};
  const dropped = counters["softnet.dropped"]?.cpuDeltas ?? {};
  const softirq = counters["cpu.softirqMs"]?.cpuDeltas ?? {};
  return Object.entries(processed).map(([cpu, packets]) => ({
    cpu,
    processed: packets,
    dropped: dropped[Number(cpu)] ?? 0,
    softirq: Math.min(1, (softirq[Number(cpu)] ?? 0) / 1000 / seconds),
  }));
}

function fixes({ host, network }: Signals): Fix[] {
  const name = network.links.find(({ kind, name: link }) => kind === undefined && link !== "lo")?.name;
  const interfaces =
    name === undefined ? network.links.map((link) => link.name).filter((link) => link !== "lo") : [name];
  const mask = host.cpus >= 32 ? "ffffffff" : (2 ** host.cpus - 1).toString(16);
  const steer: Fix = {
    text: "Let the kernel share packets out over all CPUs, by connection (RPS)",
    commands: interfaces
      .slice(0, 4)
      .map((link) => `for q in /sys/class/net/${link}/queues/rx-*; do echo ${mask} > $q/rps_cpus; done`),
    effect: "each CPU takes in its share; packets of one connection stay in order",
    risk: "costs an interrupt between CPUs for each batch; one single connection is not shared out",
  };
  if (name === undefined) return [steer];
  const queues: Fix = {
    text: "Let the card share packets out: more queues, each with the interrupt of another CPU",
    commands: [
      `ethtool -l ${name}`,
      `ethtool -L ${name} combined ${host.cpus}`,
      `ethtool -X ${name} equal ${host.cpus}`,
      `grep ${name} /proc/interrupts    # irqbalance, or smp_affinity by hand, puts each on a CPU of its own`,
    ],
    effect: "each CPU takes in its share, without work for the others",
    risk: "the link goes down for a moment",
  };
  return [queues, steer];
}
