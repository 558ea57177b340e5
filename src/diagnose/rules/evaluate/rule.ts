import type { Expression, Verdict } from "../expression.ts";
import type { Rule } from "../ruleset.ts";
import type { Action, Translation } from "../statement.ts";
import { all, type Certainty } from "./certainty.ts";
import { answer, evaluate, isGiven, lookUp, type Context } from "./evaluate.ts";
import { withoutConnection, type State } from "./state.ts";
import { either, UNKNOWN } from "./value.ts";

/** Something else takes the packet: a SYN proxy, a local socket. */
export interface Stolen {
  readonly kind: "stolen";
}

/** What a rule decides for a packet, and how sure that is. */
export interface Decision {
  readonly what: Verdict | Stolen | Translation;
  readonly certainty: Certainty;
}

/** What a rule says to a packet. */
export interface RuleAnswer {
  /** Whether the packet passes all the rule asks. */
  readonly matches: Certainty;
  /** Whether the rule's counter counts it; undefined if it has none. */
  readonly counts?: Certainty;
  /** None: on to the next rule. More than one: it depends on what is not known. */
  readonly decisions: readonly Decision[];
  /** One of the decisions is taken, though none for sure. */
  readonly exhaustive: boolean;
}

/** Asks one rule; marks that it sets are in `state` afterwards. */
export function askRule(rule: Rule, state: State, context: Context): RuleAnswer {
  let sure: Certainty = "yes";
  let exhaustive = false;
  let counts: Certainty | undefined;
  const decisions: Decision[] = [];
  const done = (matches: Certainty): RuleAnswer => ({
    matches,
    ...(counts === undefined ? {} : { counts }),
    decisions,
    exhaustive,
  });
  for (const part of rule.parts) {
    if (part.kind === "match") {
      sure = all([sure, answer(part.match, state, context)]);
      if (sure === "no") return { ...done("no"), ...(hasCounter(rule) ? { counts: counts ?? "no" } : {}) };
      continue;
    }
    const { action } = part;
    sure = all([sure, ...valuesOf(action).map((value) => isGiven(value, state, context))]);
    if (sure === "no") return done("no");
    if (action.kind === "counter") counts = sure;
    else if (action.kind === "limit") sure = "perhaps";
    else if (action.kind === "verdict-map") {
      const found = lookUp(evaluate(action.key, state, context), action.in, context);
      if (found === undefined) return done("perhaps");
      for (const { member, certainty } of found) {
        if (member.verdict !== undefined) decisions.push({ what: member.verdict, certainty: all([sure, certainty]) });
      }
      if (found.length === 0) return done("no");
      if (found[0]?.exhaustive === true) {
        exhaustive = sure === "yes";
        continue;
      }
      sure = all([sure, ...found.slice(-1).map(({ certainty }) => certainty)]);
    } else if (action.kind === "synproxy" || action.kind === "tproxy") {
      decisions.push({ what: { kind: "stolen" }, certainty: "perhaps" });
    } else if (isDecision(action)) decisions.push({ what: action, certainty: sure });
    else change(action, sure, state, context);
  }
  return done(sure);
}

function hasCounter(rule: Rule): boolean {
  return rule.parts.some((part) => part.kind === "action" && part.action.kind === "counter");
}

/** What the kernel has to know before it can do it. */
function valuesOf(action: Action): Expression[] {
  if ("flags" in action) return [action.address, action.port].filter((value) => value !== undefined);
  return "value" in action ? [action.value] : [];
}

function isDecision(action: Action): action is Verdict | Translation {
  return DECISIONS.has(action.kind);
}

const DECISIONS: ReadonlySet<string> = new Set([
  "accept",
  "drop",
  "return",
  "reject",
  "queue",
  "jump",
  "goto",
  "snat",
  "dnat",
  "masquerade",
  "redirect",
]);

function change(action: Action, sure: Certainty, state: State, context: Context): void {
  const { fields } = state;
  if (action.kind === "set-mark" || action.kind === "set-ct-mark" || action.kind === "set-ct-zone") {
    const name = ({ "set-mark": "mark", "set-ct-mark": "ct-mark", "set-ct-zone": "ct-zone" } as const)[action.kind];
    const value = evaluate(action.value, state, context);
    fields.set(name, sure === "yes" ? value : either(fields.get(name) ?? UNKNOWN, value));
  } else if (action.kind === "notrack") {
    const untracked = withoutConnection(state, "untracked");
    for (const [name, value] of untracked.fields) {
      if (name.startsWith("ct-")) fields.set(name, sure === "yes" ? value : either(fields.get(name) ?? UNKNOWN, value));
    }
  }
}
