import { lookUp, answer, evaluate, type Context, type Found } from "../../diagnose/rules/evaluate/evaluate.ts";
import { all, type Certainty } from "../../diagnose/rules/evaluate/certainty.ts";
import type { State } from "../../diagnose/rules/evaluate/state.ts";
import type { Verdict } from "../../diagnose/rules/expression.ts";
import type { Chain, Rule } from "../../diagnose/rules/ruleset.ts";
import type { Part } from "../../diagnose/rules/statement.ts";
import { EVERYTHING, narrow, narrowTo, type Scope, type ScopeContext } from "./scope.ts";

/** A step of a rule that packets come to. */
export interface Step {
  readonly part: Part;
  /** Of a question: whether it lets the packet on. `perhaps`: some packets, or it is not known. */
  readonly answer: Certainty;
  /** The packets that come to it. */
  readonly scope: Scope;
}

/** A rule that packets come to, as far as they get in it. */
export interface ReachedRule {
  readonly rule: Rule;
  readonly steps: readonly Step[];
  /** Some packet may pass everything the rule asks. */
  readonly mayPass: boolean;
}

/** A chain is walked for this many different scopes; after that, for all packets at once. */
const SCOPES_PER_CHAIN = 32;

/** What the packets of `state` meet in a base chain and the chains it leads to. */
export function rulesReached(
  chain: Chain,
  state: State,
  chains: ReadonlyMap<string, Chain>,
  context: Context & ScopeContext,
): ReachedRule[] {
  const reach = new Reach(state, chains, context);
  reach.chain(chain, startingScope(chain));
  return reach.rules;
}

function startingScope({ base }: Chain): Scope {
  if (base?.device === undefined) return EVERYTHING;
  return base.hook === "egress" ? { outInterfaces: [base.device] } : { inInterfaces: [base.device] };
}

/** Where packets go from a rule. */
interface Outcome {
  /** Some may end here, or leave the chain by a return. */
  ends: boolean;
  returns: boolean;
  /** Some may come to the next rule. */
  goesOn: boolean;
}

class Reach {
  readonly rules: ReachedRule[] = [];
  readonly #state: State;
  readonly #chains: ReadonlyMap<string, Chain>;
  readonly #context: Context & ScopeContext;
  /** By chain: whether packets come back out of it, which does not depend on the scope, and the scopes it was walked for. */
  readonly #walked = new Map<string, { through: Certainty; readonly scopes: Set<string> }>();

  constructor(state: State, chains: ReadonlyMap<string, Chain>, context: Context & ScopeContext) {
    this.#state = state;
    this.#chains = chains;
    this.#context = context;
  }

  /** Says whether packets come back out of the chain. */
  chain(chain: Chain, asked: Scope): Certainty {
    const before = this.#walked.get(chain.id) ?? { through: "perhaps", scopes: new Set() };
    const scope = before.scopes.size < SCOPES_PER_CHAIN ? asked : EVERYTHING;
    const key = scopeKey(scope);
    if (before.scopes.has(key) || before.scopes.has(scopeKey(EVERYTHING))) return before.through;
    before.scopes.add(key);
    this.#walked.set(chain.id, before);
    before.through = this.#walk(chain, scope);
    return before.through;
  }

  #walk(chain: Chain, scope: Scope): Certainty {
    let [ends, returns] = [false, false];
    for (const rule of chain.rules) {
      const outcome = this.#rule(rule, scope);
      ends ||= outcome.ends;
      returns ||= outcome.returns;
      if (!outcome.goesOn) return returns ? (ends ? "perhaps" : "yes") : "no";
    }
    return ends ? "perhaps" : "yes";
  }

  #rule(rule: Rule, whole: Scope): Outcome {
    const steps: Step[] = [];
    const outcome: Outcome = { ends: false, returns: false, goesOn: true };
    let sure: Certainty = "yes";
    let scope: Scope | undefined = whole;
    for (const part of rule.parts) {
      if (scope === undefined || sure === "no") break;
      const passes = part.kind === "match" ? this.#ask(part, scope) : "yes";
      steps.push({ part, answer: passes, scope });
      sure = all([sure, passes]);
      if (part.kind === "match") scope = narrow(scope, part.match, this.#context);
      else if (part.action.kind === "limit") sure = all([sure, "perhaps"]);
      else if (part.action.kind === "verdict-map") {
        const { key, in: members } = part.action;
        const found = lookUp(evaluate(key, this.#state, this.#context), members, this.#context);
        for (const one of found ?? []) {
          const narrowed = narrowTo(scope, key, [one.member.key], this.#context);
          if (narrowed !== undefined) this.#decide(one.member.verdict, certaintyOf(one, sure), narrowed, outcome);
        }
        if (found?.length === 0) sure = "no";
      } else if (isVerdict(part.action)) this.#decide(part.action, sure, scope, outcome);
      else if (ENDING.has(part.action.kind)) this.#decide({ kind: "drop" }, "perhaps", scope, outcome);
    }
    if (steps.length > 0) this.rules.push({ rule, steps, mayPass: scope !== undefined && sure !== "no" });
    return outcome;
  }

  #ask({ match }: Part & { readonly kind: "match" }, scope: Scope): Certainty {
    const passes = answer(match, this.#state, this.#context);
    return passes !== "no" && narrow(scope, match, this.#context) === undefined ? "no" : passes;
  }

  #decide(verdict: Verdict | undefined, sure: Certainty, scope: Scope, outcome: Outcome): void {
    if (verdict === undefined || verdict.kind === "continue") return;
    if (verdict.kind === "jump" || verdict.kind === "goto") {
      const target = this.#chains.get(verdict.chain);
      if (target === undefined) return;
      const through = this.chain(target, scope);
      if (through !== "yes") outcome.ends = true;
      if (verdict.kind === "goto" && through !== "no") outcome.returns = true;
      if (sure === "yes" && (verdict.kind === "goto" || through === "no")) outcome.goesOn = false;
      return;
    }
    if (verdict.kind === "return") outcome.returns = true;
    else outcome.ends = true;
    if (sure === "yes") outcome.goesOn = false;
  }
}

/** A key that only some of the packets have is no certainty, whichever of the elements it is. */
function certaintyOf({ certainty }: Found, sure: Certainty): Certainty {
  return all([certainty, sure]);
}

const VERDICTS: ReadonlySet<string> = new Set([
  "accept",
  "drop",
  "reject",
  "queue",
  "return",
  "continue",
  "jump",
  "goto",
]);

/** What takes some packets out of the chain. */
const ENDING: ReadonlySet<string> = new Set(["synproxy", "tproxy"]);

function isVerdict(action: { readonly kind: string }): action is Verdict {
  return VERDICTS.has(action.kind);
}

function scopeKey(scope: Scope): string {
  const { sources, destinations, sourcePorts, destinationPorts, inInterfaces, outInterfaces } = scope;
  const spans = (list: Scope["sources"]): string => list?.map(({ low, high }) => `${low}-${high}`).join() ?? "any";
  return [
    ...[sources, destinations, sourcePorts, destinationPorts].map(spans),
    ...[inInterfaces, outInterfaces].map((names) => names?.join() ?? "any"),
  ].join(" ");
}
