import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix, SafeFix } from "../finding.ts";
import { formatCount, formatPercent, formatRate } from "../figures.ts";
import { idleAtMost } from "../idle.ts";
import { sysctlCommands } from "../room.ts";
import { deltaOf, droppedFor, settingOf, valueOf, type Signals } from "../signals.ts";
import type { GroupSignal, StateSignal, TableSignal } from "../signals/table.ts";

const TCP = 6;
const SYN_SENT = "net.netfilter.nf_conntrack_tcp_timeout_syn_sent";
const SYN_RECV = "net.netfilter.nf_conntrack_tcp_timeout_syn_recv";
/** Long enough for the repetitions of a live client, which come after 1, 3 and 7 s. */
const SHORT_SECONDS = 15;
/** Of the TCP connections; ordinary traffic has some percent. */
const SHARE = 0.4;
const FEWEST = 1000;
/** New ones a second. */
const RATE = 100;
/** The youngest class of idle times, in seconds. */
const YOUNG = 10;
/** One address with so many of them is where they come from, or where they go. */
const CONCENTRATION = 0.5;

/** Connections that are begun and never finished. */
export const mode: FailureMode = {
  id: "syn-flood",
  title: "A flood of half-open TCP connections",
  severity: "degraded",
  why: "Each SYN takes an entry for a minute or more although nobody means to talk: a few thousand a second fill a table of any usual size and leave no room for the others.",
  needs: ["table"],
  counters: ["conntrack.max"],
  consequences: ["table-full"],
  examine: (signals) => {
    const { table } = signals;
    if (table === undefined) return [];
    const tcp = table.states.filter(({ protocol }) => protocol === TCP);
    const halfOpen = tcp.filter(isHalfOpen);
    const count = total(halfOpen);
    const rate = idleAtMost(halfOpen, YOUNG) / YOUNG;
    if (count < FEWEST || count < total(tcp) * SHARE || rate < RATE) return [];
    const max = Math.max(1, valueOf(signals, "conntrack.max") ?? 0);
    const dropped = droppedFor(signals, "table-full");
    const evidence: Evidence[] = [
      {
        what: "half-open TCP connections",
        value: formatCount(count),
        meaning: `${formatPercent(count / total(tcp))} of all TCP connections, ${formatPercent(count / max)} of the limit`,
      },
      ...halfOpen.map((one) => ({
        what: `of these ${one.state}`,
        value: formatCount(one.count),
        meaning: one.state === "SYN_RECV" ? "answered, and never acknowledged" : "not answered",
      })),
      { what: "begun in the last 10 s", value: formatRate(rate) },
      { what: "connections nobody answered (UNREPLIED), of any protocol", value: formatCount(table.unreplied) },
      { what: "thrown out to make room (early_drop)", value: formatCount(deltaOf(signals, "conntrack.earlyDrop")) },
    ];
    return [
      {
        ...(dropped > 0 ? { severity: "loss" as const } : {}),
        summary: `${formatCount(count)} half-open connections, ${formatRate(rate)} new ones${whence(table, count)}`,
        evidence,
        top: {
          title: "Where from, and where to",
          rows: [
            ...table.halfOpen.sources.slice(0, 3).map((one) => `from ${one.key}: ${formatCount(one.count)}`),
            ...table.halfOpen.destinations.slice(0, 3).map((one) => `to ${one.key}: ${formatCount(one.count)}`),
          ],
        },
        fixes: fixes(signals, table, count),
      },
    ];
  },
};

function isHalfOpen({ state }: StateSignal): boolean {
  return state === "SYN_SENT" || state === "SYN_RECV" || state === "SYN_SENT2";
}

function total(states: readonly StateSignal[]): number {
  return states.reduce((sum, { count }) => sum + count, 0);
}

function concentrated(groups: readonly GroupSignal[], count: number): string | undefined {
  const [first] = groups;
  return first !== undefined && first.count >= count * CONCENTRATION ? first.key : undefined;
}

function whence({ halfOpen }: TableSignal, count: number): string {
  const source = concentrated(halfOpen.sources, count);
  const destination = concentrated(halfOpen.destinations, count);
  const parts = [source === undefined ? "" : ` from ${source}`, destination === undefined ? "" : ` to ${destination}`];
  return parts.join("");
}

function fixes(signals: Signals, { halfOpen }: TableSignal, count: number): Fix[] {
  const source = concentrated(halfOpen.sources, count);
  const destination = concentrated(halfOpen.destinations, count);
  const found: Fix[] = [];
  if (source !== undefined) found.push(limitSource(source));
  else if (destination !== undefined) found.push(guardDestination(signals, destination));
  return [...found, ...shorten(signals)];
}

/** The safe one helps little by little; who floods is the user's own decision. */
function shorten(signals: Signals): Fix[] {
  const safe: SafeFix[] = [SYN_SENT, SYN_RECV]
    .filter((name) => (settingOf(signals, name) ?? 0) > SHORT_SECONDS)
    .map((name) => ({ kind: "sysctl", name, value: String(SHORT_SECONDS) }));
  if (safe.length === 0) return [];
  return [
    {
      text: "Forget half-open connections sooner while it lasts",
      commands: sysctlCommands(safe),
      file: `capacity: { timeouts: { profile: rfc, tcp-syn-sent: ${SHORT_SECONDS}s, tcp-syn-recv: ${SHORT_SECONDS}s } }`,
      effect: `each takes an entry for ${SHORT_SECONDS} s`,
      risk: "RFC 5382 REQ-5 asks for 4 minutes: servers that answer a SYN later than that are not reached; take it back afterwards",
      safe,
    },
  ];
}

function limitSource(source: string): Fix {
  return {
    text: `Find out what ${source} does (a scanner, a worm), and limit it meanwhile`,
    commands: [
      "nft add table ip flood",
      "nft 'add chain ip flood forward { type filter hook forward priority -10; }'",
      `nft 'add rule ip flood forward ip saddr ${source} tcp flags syn / fin,syn,rst,ack limit rate over 50/second counter drop'`,
    ],
    effect: `${source} begins at most 50 TCP connections a second`,
    risk: "real connections of the same address are among those refused",
  };
}

/** Before the table: what is dropped there takes no entry. The proxy cannot stand before destination NAT, which it undoes. */
function guardDestination(signals: Signals, destination: string): Fix {
  const [address = "", port = ""] = destination.split(":");
  const match = `ip daddr ${address} tcp dport ${port}`;
  const isOurs = signals.network.addresses.some((one) => one.address === address);
  if (isOurs) {
    return {
      text: `Let no more than 500 connections a second to ${destination} begin`,
      commands: [
        "nft add table ip flood",
        "nft 'add chain ip flood raw { type filter hook prerouting priority raw; }'",
        `nft 'add rule ip flood raw ${match} tcp flags syn / fin,syn,rst,ack limit rate over 500/second burst 500 packets counter drop'`,
      ],
      effect: "the rest of the gateway keeps its room; what is over the rate takes no entry",
      risk: `while the flood lasts most real clients of ${destination} are refused as well; SYN cookies on the server, or a provider that filters, help them`,
    };
  }
  return {
    text: "Finish the handshake here before the table knows of it (SYN proxy)",
    commands: [
      "sysctl -w net.netfilter.nf_conntrack_tcp_loose=0 net.ipv4.tcp_syncookies=1 net.ipv4.tcp_timestamps=1",
      "nft add table ip syn-proxy",
      "nft 'add chain ip syn-proxy raw { type filter hook prerouting priority raw; }'",
      `nft 'add rule ip syn-proxy raw ${match} tcp flags syn / fin,syn,rst,ack notrack'`,
      "nft 'add chain ip syn-proxy forward { type filter hook forward priority -10; }'",
      `nft 'add rule ip syn-proxy forward ${match} ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm'`,
      "nft 'add rule ip syn-proxy forward ct state invalid counter drop'",
    ],
    effect: "only clients that acknowledge get an entry: spoofed ones cost nothing but a cookie",
    risk: "TCP options other than these are lost, and connections picked up in the middle are dropped",
  };
}
