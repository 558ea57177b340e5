import type { DesiredState } from "../render/desired-state.ts";
import { changeText } from "./change.ts";
import { changesTowards } from "./changes-towards.ts";
import { driftOf, type Drift } from "./drift.ts";
import { interruptionText } from "./intend.ts";
import type { Live } from "./live.ts";
import type { ListedCounter } from "../render/listing.ts";
import { readTableListing } from "./live-ruleset.ts";
import { readLiveState } from "./live-state.ts";
import { natChainsBeforeOurs } from "./nat-chains.ts";
import { NOTHING_OWNED } from "./record.ts";
import { problemOf, type ApplyProblem, type Notice, type TowardsOptions } from "./remark.ts";
import { readMemory, readSituation } from "./situation.ts";
import { surroundingsOf, type PlaceOptions, type Surroundings } from "./surroundings.ts";

/** What to look at. */
export interface StatusOptions extends PlaceOptions, TowardsOptions {
  /** What the gateway file asks for now, to say what applying it would change. */
  readonly desired?: DesiredState;
}

/** How the gateway stands. */
export interface GatewayStatus {
  /** `unrecorded`: a table of ours whose apply left no record. */
  readonly state: "absent" | "in-place" | "drifted" | "interrupted" | "unrecorded";
  readonly gateway?: string;
  /** The name and fingerprint of the rules in place, as far as known. */
  readonly rules?: string;
  /** ISO 8601. */
  readonly appliedAt?: string;
  /** Named counters of the table. */
  readonly counters: readonly ListedCounter[];
  readonly connections: ConnectionTable;
  /** An apply or remove that broke off. */
  readonly interrupted?: { readonly message: string; readonly fix: string };
  readonly drift: readonly Drift[];
  /** What the last apply had to leave out. */
  readonly leftOut: readonly ApplyProblem[];
  /** What applying the desired state would change, in words; absent without one. */
  readonly pending?: readonly string[];
  readonly problems: readonly ApplyProblem[];
  readonly notices: readonly Notice[];
}

/** The namespace's use of the connection table. */
export interface ConnectionTable {
  /** Entries of this namespace. */
  readonly count?: number;
  readonly max?: number;
  readonly buckets?: number;
}

/** Looks at the gateway and changes nothing. Throws KernelError if the kernel does not let itself be read. */
export function gatewayStatus(options: StatusOptions = {}): GatewayStatus {
  return statusIn(surroundingsOf(options), options);
}

/** `gatewayStatus` in given surroundings. */
export function statusIn({ live, store }: Surroundings, options: StatusOptions = {}): GatewayStatus {
  const { record, interrupted } = readMemory(live, store);
  // As recorded, not as found: what is gone is what we want to name.
  const state = readLiveState(live, options.desired, record, record?.owned ?? NOTHING_OWNED);
  const drift = record === undefined ? [] : driftOf(record, state);
  const present = state.table.kind !== "absent";
  const comment = present ? live.tableComment() : undefined;
  const rules = record?.rules?.ruleset.comment ?? comment;
  const gateway = record?.gateway ?? interrupted?.journal.gateway;
  const notices: Notice[] = present ? natChainsBeforeOurs(live.listRuleset()) : [];
  const nothing = !present && record === undefined;
  return {
    state:
      interrupted !== undefined
        ? "interrupted"
        : nothing
          ? "absent"
          : record?.rules === undefined && present
            ? "unrecorded"
            : drift.length > 0
              ? "drifted"
              : "in-place",
    ...(gateway === undefined ? {} : { gateway }),
    ...(rules === undefined ? {} : { rules }),
    ...(record === undefined ? {} : { appliedAt: record.appliedAt }),
    counters: present ? readTableListing(live.listTable(true) ?? []).counters : [],
    connections: connectionTable(live),
    ...(interrupted === undefined
      ? {}
      : {
          interrupted: {
            message: interruptionText(interrupted),
            fix: "apply the gateway file again (meganat apply FILE), or put everything back (meganat remove)",
          },
        }),
    drift,
    leftOut: record?.leftOut ?? [],
    ...pendingOf({ live, store }, options),
    notices,
  };
}

function pendingOf(
  { live, store }: Pick<Surroundings, "live" | "store">,
  options: StatusOptions,
): { pending?: string[]; problems: readonly ApplyProblem[] } {
  if (options.desired === undefined) return { problems: [] };
  try {
    const { state, owned } = readSituation(live, store, options.desired);
    const { changes, problems } = changesTowards(state, owned, options.desired, options);
    return { pending: changes.map(changeText), problems };
  } catch (error) {
    return { problems: [problemOf(error)] };
  }
}

function connectionTable(live: Live): ConnectionTable {
  const read = (name: string): number | undefined => {
    const value = live.readSysctl(`net.netfilter.nf_conntrack_${name}`);
    return value === undefined ? undefined : Number(value);
  };
  const [count, max, buckets] = [read("count"), read("max"), read("buckets")];
  return {
    ...(count === undefined ? {} : { count }),
    ...(max === undefined ? {} : { max }),
    ...(buckets === undefined ? {} : { buckets }),
  };
}
