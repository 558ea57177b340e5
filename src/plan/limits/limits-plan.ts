import type { Ipv4Range } from "../../address/ipv4-range.ts";
import type { LimitGroup, SubscriberLimits } from "../../config/limits.ts";

/** What the limits of the file come to. */
export interface LimitsPlan {
  /** Who has which limits: the groups in the order of the file, then everybody else; nobody is in two. */
  readonly bodies: readonly LimitedBody[];
  /** For each link whose outgoing packets are shaped. */
  readonly shaping: readonly LinkShaping[];
  /** Connections if every subscriber had as many as it may; undefined if some have no limit. */
  readonly mostConnections?: number;
}

/** Subscribers under the same limits. */
export interface LimitedBody {
  /** Undefined: everybody who is in no group. */
  readonly group?: LimitGroup;
  readonly members: readonly Ipv4Range[];
  readonly perSubscriber: SubscriberLimits;
}

/** Up: to an outside link, by the source. Down: to an inside link, by the destination. */
export type Direction = "up" | "down";

/** The classes of one link's outgoing packets. */
export interface LinkShaping {
  readonly link: string;
  readonly direction: Direction;
  /** A class comes after its parent. */
  readonly classes: readonly ClassPlan[];
}

/** A share of a link. Bits per second. */
export interface ClassPlan {
  /** Of the class in its link, 1 to 65535. */
  readonly number: number;
  /** Undefined only for the line itself. */
  readonly parent?: number;
  /** What it gets whatever the others do, and the most it gets when they leave some. */
  readonly guaranteed: number;
  readonly most: number;
  /** 0 to 7: the lower is offered first what is left. */
  readonly priority: number;
  /** Whose packets; none for a class of classes, and for the one of all other packets. */
  readonly members: readonly Ipv4Range[];
}
