import type { Ipv4Range } from "../address/ipv4-range.ts";

/** What subscribers may take of the gateway; what is not said is not limited. */
export interface Limits {
  /** For every subscriber that is in no group. */
  readonly perSubscriber: SubscriberLimits;
  /** No subscriber is in two of them. */
  readonly groups: readonly LimitGroup[];
  /** What the lines carry: all that leaves by an outside link (up) or an inside link (down) shares it. Bits per second. */
  readonly line: DirectedRate;
  /** TCP ports of the gateway itself that are reached without an entry of the connection table. */
  readonly managementPorts: readonly number[];
}

/** Bits per second; up is what subscribers send, down is what they receive. */
export interface DirectedRate {
  readonly up?: number;
  readonly down?: number;
}

/** What one subscriber may have. */
export interface SubscriberLimits extends DirectedRate {
  /** Connections at the same time. */
  readonly connections?: number;
  readonly newConnections?: NewConnectionRate;
}

/** New connections each second, and how many more at once after a quiet time. */
export interface NewConnectionRate {
  readonly rate: number;
  readonly burst: number;
}

/** Who is served first when a line is full. */
export const LIMIT_PRIORITIES = ["high", "normal", "low"] as const;
/** One of them. */
export type LimitPriority = (typeof LIMIT_PRIORITIES)[number];

/** Subscribers with limits of their own; `up` and `down` are for all of them together. */
export interface LimitGroup extends DirectedRate {
  readonly name: string;
  readonly members: readonly Ipv4Range[];
  /** What the file leaves out here is as for everybody. */
  readonly perSubscriber: SubscriberLimits;
  readonly priority: LimitPriority;
}
