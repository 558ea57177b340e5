import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix, Observation } from "../finding.ts";
import { formatCount, formatPercent, formatRate } from "../figures.ts";
import { deltaOf, type Signals } from "../signals.ts";

const NOTEWORTHY_PER_SECOND = 5;
const NOTEWORTHY_SHARE = 0.0001;
/** What a card counts when it had nowhere to put a packet, and in what words. */
const RECEIVED: readonly (readonly [string, string])[] = [
  ["rxMissedErrors", "lost by the card: no room in its ring"],
  ["rxFifoErrors", "lost by the card: its own memory was full"],
  ["rxOverErrors", "lost by the card: overrun"],
];
const REASON = "FULL_RING";

/** The ring between a network card (or a tunnel's program) and the kernel is full. */
export const mode: FailureMode = {
  id: "ring-full",
  title: "An interface's ring is full",
  severity: "loss",
  why: "Packets pass between a card and the kernel, or the kernel and the program behind a tunnel, through a ring of a few hundred places; when whoever empties it is late, packets are lost, and no rule or queue sees them.",
  needs: [],
  counters: ["interface."],
  // A ring overflows because a CPU is late.
  consequences: ["cpu-imbalance", "squeeze"],
  examine: (signals) => signals.network.links.flatMap(({ name, kind }) => examineLink(signals, name, kind)),
};

function examineLink(signals: Signals, name: string, kind: string | undefined): Observation[] {
  const delta = (field: string): number => deltaOf(signals, `interface.${name}.${field}`);
  const received = [
    ...RECEIVED.map(([field, words]) => ({ field, words, count: delta(field) })),
    ...driverCounters(signals, name),
  ].filter(({ count }) => count > 0);
  // Drivers count one loss under several names.
  const lostIn = Math.max(0, ...received.map(({ count }) => count));
  const lostOut = (signals.drops?.rows ?? []).reduce(
    (sum, row) => sum + (row.interface === name && row.reason === REASON ? row.packets : 0),
    0,
  );
  const isNoteworthy = (lost: number, passed: number): boolean =>
    lost >= NOTEWORTHY_PER_SECOND * signals.seconds && lost >= passed * NOTEWORTHY_SHARE;
  const observations: Observation[] = [];
  if (isNoteworthy(lostIn, delta("rxPackets"))) {
    const evidence: Evidence[] = received.map(({ field, words, count }) => ({
      what: `${field} of ${name}`,
      value: formatCount(count),
      meaning: words,
    }));
    const share = lostIn / (lostIn + delta("rxPackets"));
    observations.push({
      subject: name,
      summary: `${name} lost ${formatRate(lostIn / signals.seconds)} packets before the kernel took them, ${formatPercent(share)} of what came`,
      evidence: [...evidence, { what: `received by ${name}`, value: formatCount(delta("rxPackets")) }],
      lostPackets: lostIn,
      fixes: [largerRing(name), moreQueues(signals, name)],
    });
  }
  if (isNoteworthy(lostOut, delta("txPackets"))) {
    observations.push({
      subject: name,
      summary: `the ring of ${name} is full: ${formatRate(lostOut / signals.seconds)} packets dropped on the way out`,
      evidence: [
        { what: `packets dropped on ${name}: ${REASON}`, value: formatCount(lostOut) },
        { what: `sent by ${name}`, value: formatCount(delta("txPackets")) },
        { what: `dropped on the way out, as ${name} counts it`, value: formatCount(delta("txDropped")) },
      ],
      lostPackets: lostOut,
      explains: [{ cause: "device", packets: lostOut }],
      fixes: kind === "tun" ? [fasterProgram(name)] : [largerRing(name), fasterProgram(name)],
    });
  }
  return observations;
}

/** What the driver counts under names of its own, as `rx_out_of_buffer`; limits of a cloud are another finding. */
function driverCounters(signals: Signals, name: string): { field: string; words: string; count: number }[] {
  const prefix = `driver.${name}.`;
  return Object.keys(signals.counters)
    .filter((counter) => counter.startsWith(prefix) && !counter.includes("allowance"))
    .map((counter) => ({
      field: counter.slice(prefix.length),
      words: "lost by the card, in its driver's words",
      count: deltaOf(signals, counter),
    }));
}

function largerRing(name: string): Fix {
  return {
    text: "Give the ring the most places it may have",
    commands: [
      `ethtool -g ${name}                 # \`Pre-set maximums\` against \`Current\``,
      `ethtool -G ${name} rx 4096 tx 4096`,
      `ethtool -C ${name} adaptive-rx on  # or fewer microseconds between interrupts`,
    ],
    effect: "bursts find room while the CPU is busy elsewhere",
    risk: "most cards lose their link for a moment; a longer ring can delay packets longer",
  };
}

function moreQueues({ host }: Signals, name: string): Fix {
  return {
    text: "Let more CPUs empty it",
    commands: [`ethtool -l ${name}`, `ethtool -L ${name} combined ${host.cpus}`, "cat /proc/interrupts"],
    effect: "each CPU empties a ring of its own",
    risk: "the link goes down for a moment; interrupts must be spread too (irqbalance)",
  };
}

function fasterProgram(name: string): Fix {
  return {
    text: `See what is behind ${name}: a VPN's daemon or a virtual machine that does not read fast enough`,
    commands: [
      `ip -d link show dev ${name}`,
      `ip link set dev ${name} txqueuelen 5000    # of a tun or tap device: places in its ring`,
    ],
    effect: "bursts find room; a program that is too slow all the time must get more CPU, or less traffic",
    risk: "packets wait longer in a longer ring",
  };
}
