import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix, SafeFix } from "../finding.ts";
import { formatCount, formatPercent, formatSeconds } from "../figures.ts";
import { idleLonger } from "../idle.ts";
import { moreRoom, NEARLY_FULL, sysctlCommands } from "../room.ts";
import { deltaOf, droppedFor, settingOf, valueOf, type Signals } from "../signals.ts";
import type { StateSignal, TableSignal } from "../signals/table.ts";

/** The kernel throws out what nobody answered; so few others that it does not find any. */
const KEPT_SHARE = 0.9;
/** Of packets that found no room, so few made some. */
const EARLY_DROP_SHARE = 0.1;
/** Idle for so long, connections are mostly abandoned. */
const IDLE_SECONDS = 3600;
const IDLE_SHARE = 0.3;
/** The least RFC 5382 REQ-5 allows. */
const ESTABLISHED_SECONDS = 7440;
const ESTABLISHED = "net.netfilter.nf_conntrack_tcp_timeout_established";
/** One subscriber with so much of the table is worth a limit. */
const GREEDY_SHARE = 0.1;

/** What the kernel cuts short by itself in a table nearly full (tcp_can_early_drop). */
const CLOSING: ReadonlySet<string> = new Set(["FIN_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "CLOSE_WAIT"]);

/** The table is full of connections that the kernel does not throw out for new ones. */
export const mode: FailureMode = {
  id: "full-of-assured",
  title: "The connection table is full of connections that are kept",
  severity: "loss",
  why: "In a full table the kernel makes room by throwing out what nobody has answered; connections with traffic both ways (ASSURED) it keeps, so nothing gives way to new ones.",
  needs: ["table"],
  counters: ["conntrack.count", "conntrack.max"],
  consequences: ["table-full", "established-timeout"],
  examine: (signals) => {
    const { table } = signals;
    const count = valueOf(signals, "conntrack.count") ?? 0;
    const max = valueOf(signals, "conntrack.max") ?? 0;
    if (table === undefined || table.entries === 0 || max === 0) return [];
    const dropped = droppedFor(signals, "table-full");
    const thrownOut = deltaOf(signals, "conntrack.earlyDrop");
    const kept = keptIn(table);
    if (count < max * NEARLY_FULL || kept < table.entries * KEPT_SHARE) return [];
    if (thrownOut > 0 && thrownOut > dropped * EARLY_DROP_SHARE) return [];
    const idle = idleLonger(table.states.filter(isKept), IDLE_SECONDS);
    const evidence: Evidence[] = [
      {
        what: "connections (nf_conntrack_count)",
        value: formatCount(count),
        meaning: `${formatPercent(count / max)} of the limit of ${formatCount(max)}`,
      },
      {
        what: "of these ASSURED and not closing",
        value: formatCount(kept),
        meaning: `${formatPercent(kept / table.entries)} of the table`,
      },
      { what: "of these idle for more than an hour", value: formatCount(idle) },
      {
        what: "connections thrown out to make room (early_drop)",
        value: formatCount(thrownOut),
        meaning: "there are next to none that may be",
      },
      { what: "packets dropped for want of room", value: formatCount(dropped) },
    ];
    const isLosing = dropped > 0;
    return [
      {
        ...(isLosing ? {} : { severity: "risk" as const }),
        summary: `${formatCount(kept)} of ${formatCount(table.entries)} connections are kept whatever comes, ${formatCount(idle)} of them idle for more than an hour`,
        evidence,
        ...(table.subscribers.length === 0
          ? {}
          : { top: { title: "Who has most", rows: table.subscribers.slice(0, 5).map(rowOf) } }),
        explains: [{ cause: "table-full" }],
        fixes: [...roomFix(signals, idle >= kept * IDLE_SHARE), ...limitFix(table)],
      },
    ];
  },
};

function isKept({ protocol, state }: StateSignal): boolean {
  return !(protocol === 6 && CLOSING.has(state));
}

function keptIn(table: TableSignal): number {
  return table.states.filter(isKept).reduce((sum, { assured }) => sum + assured, 0);
}

function rowOf({ key, count }: { readonly key: string; readonly count: number }): string {
  return `${key}: ${formatCount(count)} connections`;
}

/** Room at once, and where the idle fill it, less patience with them from now on. */
function roomFix(signals: Signals, isIdle: boolean): Fix[] {
  const room = moreRoom(signals);
  const timeout = settingOf(signals, ESTABLISHED) ?? 0;
  if (!isIdle || timeout <= ESTABLISHED_SECONDS) return [room];
  const safe: SafeFix[] = [
    ...(room.safe ?? []),
    { kind: "sysctl", name: ESTABLISHED, value: String(ESTABLISHED_SECONDS) },
  ];
  return [
    {
      ...room,
      text: "Make room now, and let idle TCP connections go after two hours",
      commands: sysctlCommands(safe),
      effect: `${room.effect}; idle TCP connections go after ${formatSeconds(ESTABLISHED_SECONDS)} in place of ${formatSeconds(timeout)}, those that are there once they are used again`,
      safe,
    },
  ];
}

/** A rule of the user's own: printed only. */
function limitFix({ subscribers, entries }: TableSignal): Fix[] {
  const [most] = subscribers;
  if (most === undefined || most.count < entries * GREEDY_SHARE) return [];
  const limit = Math.max(500, Math.ceil(most.count / 10));
  return [
    {
      text: `Limit the connections of one subscriber: ${most.key} alone has ${formatCount(most.count)}`,
      commands: [
        "nft add table ip per-subscriber",
        "nft 'add set ip per-subscriber connections { type ipv4_addr; size 65535; flags dynamic; }'",
        "nft 'add chain ip per-subscriber forward { type filter hook forward priority -10; }'",
        `nft 'add rule ip per-subscriber forward ct state new add @connections { ip saddr ct count over ${limit} } counter drop'`,
      ],
      effect: `nobody begins a connection while having more than ${formatCount(limit)}`,
      risk: "many people behind one address (a proxy, an office) share one limit",
    },
  ];
}
