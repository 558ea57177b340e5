import type { Finding } from "./finding.ts";
import type { Signals } from "./signals.ts";

/** A part of the packets dropped in the interval. */
export interface DropShare {
  readonly cause: string;
  readonly packets: number;
  /** 0 to 1, of all drops. */
  readonly share: number;
  /** The finding that explains it; absent: none does. */
  readonly finding?: string;
  /** Such drops are part of a healthy network: frames for others, ports nobody listens on. */
  readonly usual: boolean;
}

/** All packets the kernel dropped in the interval, and by which finding they are explained: nothing is hidden. */
export interface DropAccount {
  /** False: the kernel's drops could not be counted. */
  readonly known: boolean;
  readonly packets: number;
  readonly perSecond: number;
  readonly shares: readonly DropShare[];
  /** Packets that no finding explains, usual ones left out. */
  readonly unexplained: number;
  /** There are so many of these that they cannot be called healthy. */
  readonly unexplainedMatters: boolean;
}

/** Causes that say nothing of NAT and happen in every healthy network. */
const USUAL: ReadonlySet<string> = new Set(["not-for-us", "no-socket", "socket", "socket-full", "tcp", "security"]);

/** A few are no sign of anything: a neighbour that has just gone, a packet sent too late. */
const TOLERATED_PER_SECOND = 5;

/** Assigns the drops of the interval to findings. */
export function shareOut(findings: readonly Finding[], signals: Signals): DropAccount {
  const totals = new Map<string, number>();
  for (const { cause, packets } of signals.drops?.rows ?? []) totals.set(cause, (totals.get(cause) ?? 0) + packets);
  const unattributed = signals.drops?.unattributed ?? 0;
  if (unattributed > 0) totals.set("other", (totals.get("other") ?? 0) + unattributed);
  const all = [...totals.values()].reduce((sum, packets) => sum + packets, 0);
  const shares: DropShare[] = [];
  for (const [cause, total] of totals) {
    let left = total;
    for (const finding of findings) {
      const explained = finding.explains?.find((one) => one.cause === cause);
      if (explained === undefined || left === 0) continue;
      const packets = Math.min(left, explained.packets ?? left);
      left -= packets;
      if (packets > 0) shares.push({ cause, packets, share: packets / all, finding: finding.id, usual: false });
    }
    if (left > 0) shares.push({ cause, packets: left, share: left / all, usual: isUsual(cause, signals) });
  }
  const unexplained = shares.reduce(
    (sum, { finding, usual, packets }) => sum + (finding === undefined && !usual ? packets : 0),
    0,
  );
  return {
    known: signals.drops !== undefined,
    packets: all,
    perSecond: signals.seconds > 0 ? all / signals.seconds : 0,
    shares: shares.toSorted((a, b) => b.packets - a.packets),
    unexplained,
    unexplainedMatters: unexplained > TOLERATED_PER_SECOND * signals.seconds,
  };
}

/**
 * Packets that found too many others waiting while a next hop was asked for the first time are usual too: its answer
 * came, or somebody would be silent now.
 */
function isUsual(cause: string, { drops, network }: Signals): boolean {
  if (cause !== "neighbour") return USUAL.has(cause);
  const rows = (drops?.rows ?? []).filter((row) => row.cause === cause);
  const isSilent = network.neighbours.some(({ failed }) => failed.length > 0);
  return !isSilent && rows.every(({ reason }) => reason === "NEIGH_QUEUEFULL");
}
