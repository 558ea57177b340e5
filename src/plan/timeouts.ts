import { TIMEOUT_NAMES, type Capacity, type TimeoutName } from "../config/gateway.ts";
import type { HostFacts } from "./host-facts.ts";
import type { RatePlan, TimeoutPlan } from "./plan.ts";

interface Timer {
  /** Below net.netfilter. */
  readonly sysctl: string;
  /** The kernel's own value, seconds (6.12), for a host that does not say. */
  readonly kernel: number;
  /** What the RFC asks at least, seconds. */
  readonly minimum?: number;
  readonly rfc?: string;
  /** What the `rfc` profile sets; without it the profile leaves the timer alone. */
  readonly profile?: number;
}

const transitory = { minimum: 240, rfc: "RFC 5382 REQ-5", profile: 240 } as const;

/**
 * Timers with a minimum in an RFC. `unacknowledged` and `max-retrans` have none: a live sender repeats itself at
 * least every 2 minutes, so 5 minutes of silence mean that it is gone.
 */
export const TIMERS: Readonly<Record<TimeoutName, Timer>> = {
  "tcp-syn-sent": { sysctl: "nf_conntrack_tcp_timeout_syn_sent", kernel: 120, ...transitory },
  "tcp-syn-recv": { sysctl: "nf_conntrack_tcp_timeout_syn_recv", kernel: 60, ...transitory },
  "tcp-established": {
    sysctl: "nf_conntrack_tcp_timeout_established",
    kernel: 432_000,
    minimum: 7440,
    rfc: "RFC 5382 REQ-5",
    profile: 7440,
  },
  "tcp-fin-wait": { sysctl: "nf_conntrack_tcp_timeout_fin_wait", kernel: 120, ...transitory },
  "tcp-close-wait": { sysctl: "nf_conntrack_tcp_timeout_close_wait", kernel: 60, ...transitory },
  "tcp-last-ack": { sysctl: "nf_conntrack_tcp_timeout_last_ack", kernel: 30, ...transitory },
  "tcp-time-wait": { sysctl: "nf_conntrack_tcp_timeout_time_wait", kernel: 120, ...transitory },
  "tcp-close": {
    sysctl: "nf_conntrack_tcp_timeout_close",
    kernel: 10,
    minimum: 240,
    rfc: "RFC 7857 section 2",
    profile: 240,
  },
  "tcp-unacknowledged": { sysctl: "nf_conntrack_tcp_timeout_unacknowledged", kernel: 300 },
  "tcp-max-retrans": { sysctl: "nf_conntrack_tcp_timeout_max_retrans", kernel: 300 },
  udp: { sysctl: "nf_conntrack_udp_timeout", kernel: 30, minimum: 120, rfc: "RFC 4787 REQ-5", profile: 120 },
  // Two minutes is the minimum, five the recommended default: given to conversations, not to single questions.
  "udp-stream": {
    sysctl: "nf_conntrack_udp_timeout_stream",
    kernel: 120,
    minimum: 120,
    rfc: "RFC 4787 REQ-5",
    profile: 300,
  },
  icmp: { sysctl: "nf_conntrack_icmp_timeout", kernel: 30, minimum: 60, rfc: "RFC 5508 REQ-2", profile: 60 },
  gre: { sysctl: "nf_conntrack_gre_timeout", kernel: 30 },
  "gre-stream": { sysctl: "nf_conntrack_gre_timeout_stream", kernel: 180 },
  "sctp-established": { sysctl: "nf_conntrack_sctp_timeout_established", kernel: 210 },
  generic: { sysctl: "nf_conntrack_generic_timeout", kernel: 600 },
};

/** The established timeout of the paper, seconds. */
export const PAPER_ESTABLISHED = 300;

/** What ends a connection, as parts of the new ones; an assumption until the gateway has been observed. */
export const ASSUMED_MIX: RatePlan["mix"] = [
  { timeout: "tcp-time-wait", share: 0.45, what: "TCP closed in order" },
  { timeout: "tcp-close", share: 0.05, what: "TCP reset" },
  { timeout: "tcp-syn-sent", share: 0.03, what: "TCP never answered" },
  { timeout: "tcp-established", share: 0.01, what: "TCP left open and forgotten" },
  { timeout: "udp", share: 0.36, what: "UDP question, answered once or never" },
  { timeout: "udp-stream", share: 0.08, what: "UDP conversation" },
  { timeout: "icmp", share: 0.02, what: "ICMP query" },
];

/** Seconds a connection is assumed to carry traffic before its last timeout runs. */
export const ASSUMED_ACTIVE_SECONDS = 30;

/** The rate of new connections and the entries it makes with the proposed timeouts. */
export function planRates(capacity: Capacity, expectedConnections: number, facts: HostFacts): RatePlan {
  const rate = newConnectionsPerSecond(capacity, expectedConnections);
  const meanSeconds = meanLifetime((name) => proposedSeconds(capacity, facts, name));
  return {
    newConnectionsPerSecond: rate,
    from: capacity.newConnectionsPerSecond === undefined ? "assumed" : "file",
    activeSeconds: ASSUMED_ACTIVE_SECONDS,
    mix: ASSUMED_MIX,
    meanSeconds,
    entries: Math.round(rate * meanSeconds),
  };
}

/** Every timer the kernel has or the file sets. */
export function planTimeouts(capacity: Capacity, rates: RatePlan, facts: HostFacts): TimeoutPlan[] {
  const knowsTimers = TIMEOUT_NAMES.some((name) => timeoutNow(facts, name) !== undefined);
  return TIMEOUT_NAMES.flatMap((name): TimeoutPlan[] => {
    const timer = TIMERS[name];
    const now = timeoutNow(facts, name);
    if (now === undefined && knowsTimers && capacity.timeouts.seconds[name] === undefined) return [];
    const proposed = proposedSeconds(capacity, facts, name);
    const share = rates.mix.find((part) => part.timeout === name)?.share;
    const saved = ((timer.profile ?? timer.kernel) - proposed) * rates.newConnectionsPerSecond * (share ?? 0);
    // Plus 0: JSON has no -0, and a plan must come back from it as it was.
    return [
      {
        sysctl: timer.sysctl,
        name,
        ...(now === undefined ? {} : { now }),
        proposed,
        ...(timer.minimum === undefined ? {} : { rfcMinimum: timer.minimum }),
        ...(timer.rfc === undefined ? {} : { rfc: timer.rfc }),
        ...(share === undefined ? {} : { entriesSaved: Math.round(saved) + 0 }),
      },
    ];
  });
}

/** The seconds the file sets, else its profile's, else what the kernel has. */
export function proposedSeconds(capacity: Capacity, facts: HostFacts, name: TimeoutName): number {
  const { profile, seconds } = capacity.timeouts;
  const byHand = seconds[name];
  if (byHand !== undefined) return byHand;
  const timer = TIMERS[name];
  if (profile === "rfc" && timer.profile !== undefined) return timer.profile;
  if (profile === "paper" && name === "tcp-established") return PAPER_ESTABLISHED;
  return timeoutNow(facts, name) ?? timer.kernel;
}

function newConnectionsPerSecond(capacity: Capacity, expectedConnections: number): number {
  if (capacity.newConnectionsPerSecond !== undefined) return capacity.newConnectionsPerSecond;
  return Math.round(expectedConnections / meanLifetime((name) => TIMERS[name].profile ?? TIMERS[name].kernel));
}

function meanLifetime(secondsOf: (name: TimeoutName) => number): number {
  const tail = ASSUMED_MIX.reduce((sum, { timeout, share }) => sum + share * secondsOf(timeout), 0);
  return Math.round(ASSUMED_ACTIVE_SECONDS + tail);
}

function timeoutNow(facts: HostFacts, name: TimeoutName): number | undefined {
  const value = facts.sysctls[`net.netfilter.${TIMERS[name].sysctl}`];
  return value === undefined ? undefined : Number(value);
}
