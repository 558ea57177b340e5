import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix, Observation, SafeFix } from "../finding.ts";
import { formatCount, formatPercent, formatRate, formatSeconds } from "../figures.ts";
import { idleLonger } from "../idle.ts";
import { sysctlCommands } from "../room.ts";
import { settingOf, valueOf, type DroppedHeader, type Signals } from "../signals.ts";

const UNREPLIED = "net.netfilter.nf_conntrack_udp_timeout";
const STREAM = "net.netfilter.nf_conntrack_udp_timeout_stream";
const UDP = 17;
/** What RFC 4787 REQ-5 asks for at least, and recommends. */
const PROPOSED = { unreplied: 120, stream: 300 } as const;
/** Under these even a question is cut off from its answer, or a call between two keep-alives: half the kernel's own. */
const SHORT = { unreplied: 15, stream: 60 } as const;
/** Over this nothing that is still alive is kept by it: keep-alives come every minute at most. */
const LONG = 1800;
const IDLE_SECONDS = 600;
const IDLE_SHARE = 0.3;
const LIMIT_SHARE = 0.2;
const FEWEST = 1000;
/** Answers to what has been forgotten, a second: scanners do not send from a service's port. */
const LATE_RATE = 5;
/** With the kernel's own timeouts a busy gateway has some. */
const LATE_RATE_USUAL = 50;
/** Ports whose services go on talking over UDP: DNS, NTP, QUIC, STUN, SIP, IPsec, WireGuard, OpenVPN. */
const SERVICES: ReadonlySet<number> = new Set([53, 123, 443, 500, 1194, 3478, 4500, 5060, 5061, 19_302, 51_820]);
const HIGH_PORT = 1024;

/** UDP connections are forgotten too early, or kept too long. */
export const mode: FailureMode = {
  id: "udp-timeouts",
  title: "UDP connections are forgotten too early or kept too long",
  severity: "degraded",
  why: "UDP has no end that can be seen: if its entry goes while the two ends still talk, answers reach nobody and QUIC, calls and games break; if it stays for long, the table fills with the dead.",
  needs: ["table"],
  examine: (signals) => [...tooShort(signals), ...tooLong(signals)],
};

function tooShort(signals: Signals): Observation[] {
  const unreplied = settingOf(signals, UNREPLIED) ?? Infinity;
  const stream = settingOf(signals, STREAM) ?? Infinity;
  const connections = udpStates(signals).reduce((sum, { count }) => sum + count, 0);
  const late = lateAnswers(signals);
  const rate = signals.seconds > 0 ? late.packets / signals.seconds : 0;
  const isShort = (unreplied < SHORT.unreplied || stream < SHORT.stream) && (connections > 0 || late.packets > 0);
  const isBelowAdvice = unreplied < PROPOSED.unreplied || stream < PROPOSED.stream;
  if (!isShort && !(isBelowAdvice && rate >= LATE_RATE_USUAL)) return [];
  const isSeen = rate >= LATE_RATE;
  const evidence: Evidence[] = [
    ...timeoutEvidence(unreplied, stream),
    { what: "UDP connections in the table", value: formatCount(connections) },
    {
      what: "answers dropped because their connection was forgotten",
      value: formatRate(rate),
      meaning: "UDP from a service's port to a public address's high port that no connection has; a sample",
    },
  ];
  return [
    {
      subject: "too short",
      // With the kernel's own timeouts it may as well be somebody's forged questions that are answered here.
      severity: isShort && isSeen ? "degraded" : "risk",
      summary: `UDP is forgotten after ${formatSeconds(unreplied)} (${formatSeconds(stream)} with traffic both ways)${isSeen ? `; ${formatRate(rate)} answers come too late` : ""}`,
      evidence,
      ...(late.rows.length === 0 ? {} : { top: { title: "Answers that came too late", rows: late.rows } }),
      lostPackets: late.packets,
      explains: [...late.byCause].map(([cause, packets]) => ({ cause, packets })),
      fixes: [settingsFix("Keep UDP connections as long as RFC 4787 asks", unreplied, stream)],
    },
  ];
}

function tooLong(signals: Signals): Observation[] {
  const { table } = signals;
  const unreplied = settingOf(signals, UNREPLIED) ?? 0;
  const stream = settingOf(signals, STREAM) ?? 0;
  if (table === undefined || (unreplied <= LONG && stream <= LONG)) return [];
  const idle = idleLonger(udpStates(signals), IDLE_SECONDS);
  if (idle < FEWEST || idle < table.entries * IDLE_SHARE) return [];
  const max = valueOf(signals, "conntrack.max") ?? 0;
  return [
    {
      subject: "too long",
      severity: idle >= max * LIMIT_SHARE ? "risk" : "note",
      summary: `${formatCount(idle)} of ${formatCount(table.entries)} connections are UDP idle for more than 10 minutes, and may stay ${formatSeconds(Math.max(unreplied, stream))}`,
      evidence: [
        ...timeoutEvidence(unreplied, stream),
        {
          what: "UDP connections idle for more than 10 minutes",
          value: formatCount(idle),
          meaning: `${formatPercent(idle / table.entries)} of the table, ${formatPercent(idle / Math.max(1, max))} of the limit`,
        },
      ],
      fixes: [settingsFix("Let idle UDP connections go after some minutes", unreplied, stream)],
    },
  ];
}

function udpStates(signals: Signals) {
  return (signals.table?.states ?? []).filter(({ protocol }) => protocol === UDP);
}

function timeoutEvidence(unreplied: number, stream: number): Evidence[] {
  return [
    { what: UNREPLIED, value: String(unreplied), meaning: "RFC 4787 REQ-5: at least 120" },
    { what: STREAM, value: String(stream), meaning: "RFC 4787 REQ-5: 300 recommended" },
  ];
}

/** Changes what is off, and leaves what is not. */
function settingsFix(text: string, unreplied: number, stream: number): Fix {
  const isOff = (value: number, proposed: number): boolean => value < proposed || value > LONG;
  const safe: SafeFix[] = [];
  if (isOff(unreplied, PROPOSED.unreplied))
    safe.push({ kind: "sysctl", name: UNREPLIED, value: String(PROPOSED.unreplied) });
  if (isOff(stream, PROPOSED.stream)) safe.push({ kind: "sysctl", name: STREAM, value: String(PROPOSED.stream) });
  return {
    text,
    commands: sysctlCommands(safe),
    file: "capacity: { timeouts: rfc }",
    effect:
      "2 minutes for a question, 5 for a conversation; entries that are there keep their time until their next packet",
    risk: "none for those who talk; questions nobody answers stay for 2 minutes, which costs room where there are many",
    safe,
  };
}

/** Dropped packets that look like answers to connections that are no more. */
function lateAnswers(signals: Signals): { packets: number; byCause: Map<string, number>; rows: string[] } {
  const addresses = new Set(signals.table?.publicAddresses.map(({ address }) => address));
  for (const { address } of signals.network.addresses) addresses.add(address);
  const headers = signals.drops?.headers ?? [];
  const byCause = new Map<string, number>();
  const rows: string[] = [];
  for (const cause of ["no-socket", "rule"]) {
    const sampled = headers.filter((header) => header.cause === cause && header.protocol === UDP);
    const late = sampled.filter((header) => isLate(header, addresses));
    const all = (signals.drops?.rows ?? []).filter((row) => row.cause === cause && row.protocol.endsWith("UDP"));
    const packets = all.reduce((sum, row) => sum + row.packets, 0);
    if (late.length === 0) continue;
    byCause.set(cause, Math.round((packets * late.length) / sampled.length));
    rows.push(
      ...late
        .slice(0, 5)
        .map((one) => `${one.source}:${one.sourcePort} to ${one.destination}:${one.destinationPort}, ${cause}`),
    );
  }
  return { packets: [...byCause.values()].reduce((sum, one) => sum + one, 0), byCause, rows: rows.slice(0, 5) };
}

function isLate(header: DroppedHeader, addresses: ReadonlySet<string>): boolean {
  return (
    header.destination !== undefined &&
    addresses.has(header.destination) &&
    SERVICES.has(header.sourcePort ?? 0) &&
    (header.destinationPort ?? 0) >= HIGH_PORT
  );
}
