import type { Rule, Ruleset } from "../../diagnose/rules/ruleset.ts";
import type { Action } from "../../diagnose/rules/statement.ts";
import { effectOf, type Effect } from "./effect.ts";
import { questionOf } from "./question-of.ts";
import type { Only } from "./question.ts";
import type { ReachedRule } from "./reach.ts";
import type { Scope } from "./scope.ts";

/** Packets that a rule must see, and why. */
export interface Demand {
  readonly scope: Scope;
  readonly why: string;
  readonly bothDirections: boolean;
}

/** What a rule demands of the packets that come to it, and whether it counts them. */
export interface Demands {
  readonly demands: readonly Demand[];
  readonly counts: boolean;
}

/** The packets a rule was reached by. */
export interface PacketKind {
  readonly family: "ip" | "ip6";
  readonly protocol: 6 | 17;
}

/** Looks at a rule step by step. `readsMarks` are the interfaces that choose queues by a packet's mark or priority; undefined: any. */
export function demandsOf(
  reached: ReachedRule,
  packets: PacketKind,
  ruleset: Ruleset,
  readsMarks: readonly string[] | undefined,
): Demands {
  const { rule, steps, mayPass } = reached;
  const demands: Demand[] = [];
  /** Questions that matter only if the rule does something to those who pass. */
  const pending: Demand[] = [];
  let counts = false;
  let acts = false;
  for (const step of steps) {
    const { scope } = step;
    if (step.part.kind === "match") {
      const question = questionOf(step.part.match);
      if (step.answer !== "perhaps" || question.kind !== "each-packet" || !have(packets, question.only)) continue;
      const demand = { scope, why: question.what, bothDirections: question.bothDirections === true };
      (question.takes === true ? demands : pending).push(demand);
      continue;
    }
    const { action } = step.part;
    const effect = unknownTarget(action, ruleset) ?? remembers(rule, action) ?? effectOf(action);
    if (effect.kind === "counts") counts = true;
    else if (effect.kind === "verdict" || effect.kind === "marks") acts = true;
    if (effect.kind === "each-packet" && have(packets, effect.only))
      demands.push({ scope, why: effect.what, bothDirections: false });
    if (effect.kind === "marks") {
      const read = readersOf(scope, readsMarks);
      if (read !== undefined) demands.push({ scope: read, why: effect.what, bothDirections: false });
    }
  }
  return { demands: mayPass && acts ? [...pending, ...demands] : demands, counts: counts && mayPass };
}

function have({ family, protocol }: PacketKind, only: Only = {}): boolean {
  return (only.family ?? family) === family && (only.protocol ?? protocol) === protocol;
}

/** The packets of the scope that leave by interfaces that read marks. */
function readersOf(scope: Scope, readsMarks: readonly string[] | undefined): Scope | undefined {
  if (readsMarks === undefined) return scope;
  const names = (scope.outInterfaces ?? readsMarks).filter((name) => readsMarks.includes(name));
  return names.length === 0 ? undefined : { ...scope, outInterfaces: names };
}

/** A target of iptables that is not known looks like a jump to a chain that is not there. */
function unknownTarget(action: Action, { chains, sets }: Ruleset): Effect | undefined {
  if ((action.kind === "jump" || action.kind === "goto") && !chains.has(action.chain)) {
    const name = action.chain.slice(action.chain.lastIndexOf("/") + 1);
    return { kind: "each-packet", what: `does something that is not understood (${name})` };
  }
  if (action.kind === "verdict-map" && "set" in action.in && sets.get(action.in.set)?.elements === undefined) {
    return { kind: "each-packet", what: `goes where a map says that was not read (${action.in.set})` };
  }
  return undefined;
}

/** `-m recent --set` asks nothing, so it is no question. */
function remembers({ program, text }: Rule, { kind }: Action): Effect | undefined {
  if (kind !== "counter" || program === "nft" || !/-m recent\b.* --set\b/.test(text)) return undefined;
  return { kind: "each-packet", what: "notes each packet (recent)" };
}
