import type { Severity } from "../finding.ts";
import type { Certainty } from "../rules/evaluate/certainty.ts";
import type { Hook } from "../rules/ruleset.ts";
import type { FlowSignal, FlowTuple } from "../signals/table.ts";
import type { Refusal } from "./way.ts";

/** A rule as people and programs are told of it. */
export interface RuleWords {
  /** As `Rule` has it. */
  readonly id: string;
  /** `rule handle 7 of chain ip nat postrouting`. */
  readonly place: string;
  /** The program that wrote it, if it is one we know. */
  readonly owner?: string;
  readonly text: string;
}

/** A rule that the packet meets and fits, or may. */
export interface HitWords extends RuleWords {
  readonly matches: "yes" | "perhaps";
  /** Whether its counter counts the packet; absent: it has none. */
  readonly counts?: Certainty;
}

/** Something that ends the packet's way, or may. */
export interface EndingWords {
  readonly verdict: "drop" | "reject" | "queue" | "stolen";
  readonly certainty: "yes" | "perhaps";
  /** Absent: the policy of the chain. */
  readonly rule?: RuleWords;
  /** Who does it, in one line. */
  readonly by: string;
}

/** What the rules of one hook do. */
export interface HookWords {
  readonly kind: "hook";
  readonly hook: Hook;
  readonly passes: Certainty;
  readonly rules: readonly HitWords[];
  readonly endings: readonly EndingWords[];
}

/** What is known of the machine that the packet is handed to. */
export interface NeighbourWords {
  readonly address: string;
  /** As ip-neigh(8) has it, in lower case; absent: the kernel knows nothing of it. */
  readonly state?: string;
  readonly meaning: string;
}

/** What routing does. */
export interface RouteWords {
  readonly kind: "route";
  readonly destination: string;
  /** One sentence. */
  readonly text: string;
  readonly interface?: string;
  readonly via?: string;
  readonly route?: string;
  /** The policy rule, if it is none of the kernel's own. */
  readonly rule?: string;
  readonly refused?: Refusal;
  readonly neighbour?: NeighbourWords;
  /** Largest packet that goes out there. */
  readonly mtu?: number;
}

/** The way of one packet. */
export interface WayWords {
  readonly packet: "first" | "next" | "answer";
  /** Addresses and ports as it begins, and the interface it comes in by. */
  readonly from: string;
  readonly steps: readonly (HookWords | RouteWords)[];
  readonly end: "leaves" | "arrives" | "ended" | "refused" | "unknown" | "splits";
  readonly passes: Certainty;
  /** How it ends, in one sentence. */
  readonly text: string;
  readonly alternatives?: readonly WayWords[];
}

/** A translation of one side of the connection. */
export interface TranslationWords {
  readonly side: "source" | "destination";
  /** `10.64.1.9:40000`. */
  readonly from: string;
  /** What it becomes, in words where it is not decided yet. */
  readonly to: string;
  /** Addresses it may become; one if that is known. */
  readonly addresses: readonly { readonly first: string; readonly last: string }[];
  /** Ports it may become; absent where there are none. */
  readonly ports?: { readonly first: number; readonly last: number };
  readonly certainty: "yes" | "perhaps";
  /** The rule that does it; of a connection in the table: the one that would do it now, if it is the same. */
  readonly rule?: RuleWords;
}

/** What the timer of an entry means. */
export interface TimerWords {
  readonly seconds: number;
  /** The sysctl it was set from, and its value. */
  readonly setting?: string;
  readonly full?: number;
  readonly meaning: string;
}

/** The entry in the connection table. */
export interface ConnectionWords {
  readonly flow: FlowSignal;
  readonly timer: TimerWords;
  /** What its state and status say, one sentence each. */
  readonly says: readonly string[];
}

/** Something that may refuse a new connection. */
export interface Limit {
  readonly id:
    | "table-room"
    | "ports"
    | "counting-rule"
    | "subscriber-limit"
    | "forwarding"
    | "rp-filter"
    | "neighbour-table"
    | "neighbour"
    | "routing";
  readonly state: "refuses" | "may-refuse" | "room";
  readonly text: string;
  /** That the next one is refused, 0 to 1, where it can be said. */
  readonly chance?: number;
  /** What can be done, where the gateway file decides it. */
  readonly remedy?: string;
}

/** A finding of the doctor that concerns the connection. */
export interface ConcernWords {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly page: string;
}

/** The journey of one connection. A plain value. */
export interface Explanation {
  readonly protocol: number;
  /** As its first packet has it before any translation. */
  readonly tuple: FlowTuple;
  /** `connection`: it is in the table; `new`: what a new one would meet. */
  readonly kind: "connection" | "new";
  /** The whole in one sentence. */
  readonly verdict: string;
  readonly passes: Certainty;
  readonly connection?: ConnectionWords;
  readonly translations: readonly TranslationWords[];
  readonly ways: readonly WayWords[];
  /** What may refuse a new connection; empty for one that is there. */
  readonly limits: readonly Limit[];
  readonly concerns: readonly ConcernWords[];
  /** What is not known, and why. */
  readonly unknown: readonly string[];
}
