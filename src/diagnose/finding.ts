/**
 * How bad: `loss`, packets or connections are being lost; `degraded`, something does not work or is slow; `risk`,
 * nothing is lost yet, and will be; `note`, worth knowing, nothing is wrong.
 */
export type Severity = "loss" | "degraded" | "risk" | "note";

/** From the worst on. */
export const SEVERITIES: readonly Severity[] = ["loss", "degraded", "risk", "note"];

/** Something that was seen, and what it says. */
export interface Evidence {
  /** A counter, a setting, an address, in words or by its name. */
  readonly what: string;
  /** With its unit, as people read it. */
  readonly value: string;
  /** What that means, or should be. */
  readonly meaning?: string;
}

/** The five or so that matter most: connections, rules, subscribers. */
export interface Top {
  readonly title: string;
  readonly rows: readonly string[];
}

/** Which connections are meant: all that is given must hold. Addresses as text: one, a range or a prefix. */
export interface ConnectionFilter {
  readonly source?: string;
  readonly destination?: string;
  readonly replySource?: string;
  readonly replyDestination?: string;
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly zone?: number;
  /** Names of status bits, as `FlowSignal` has them, that must be set or not set. */
  readonly with?: readonly string[];
  readonly without?: readonly string[];
}

/** Something `meganat doctor --fix` may do itself; each can be taken back. */
export type SafeFix =
  | { readonly kind: "sysctl"; readonly name: string; readonly value: string }
  /** Deletes the connections that fit any of the filters; they are made anew by the next packet. */
  | { readonly kind: "delete-connections"; readonly filters: readonly ConnectionFilter[] }
  /** Clamps the segment size to the route's, in a table of our own. */
  | { readonly kind: "clamp-segment-size" };

/** A way to put it right. */
export interface Fix {
  /** What to do, in one sentence. */
  readonly text: string;
  /** Commands to type, in order. */
  readonly commands?: readonly string[];
  /** The change to the gateway file, as YAML, where MegaNAT runs the gateway. */
  readonly file?: string;
  /** What will be different afterwards. */
  readonly effect: string;
  /** What may go wrong, or `none`. */
  readonly risk: string;
  /** What `--fix` does, in order; absent: it only prints the commands (other people's rules are never touched). */
  readonly safe?: readonly SafeFix[];
}

/** What a failure mode found. */
export interface Observation {
  /** Which of several, if a mode can be found more than once: a pool address, an interface. */
  readonly subject?: string;
  /** Default: the mode's. */
  readonly severity?: Severity;
  /** One line with the figures: what is wrong here. */
  readonly summary: string;
  readonly evidence: readonly Evidence[];
  readonly top?: Top;
  /** Packets lost in the interval because of it; those of `explains` need not be said again. */
  readonly lostPackets?: number;
  /** Which of the kernel's drops it explains. */
  readonly explains?: readonly Explained[];
  /** The best first. */
  readonly fixes: readonly Fix[];
}

/** Drops that a finding explains: of a cause, so many; without a number all of them. */
export interface Explained {
  readonly cause: string;
  readonly packets?: number;
}

/** A named cause with its evidence and its fix. */
export interface Finding extends Observation {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly why: string;
  /** Packets a second lost because of it. */
  readonly lossPerSecond: number;
  /** Page about it, from the project's root. */
  readonly page: string;
}
