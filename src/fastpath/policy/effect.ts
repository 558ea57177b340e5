import type { Action } from "../../diagnose/rules/statement.ts";
import { isMarkTarget, targetEffect } from "./iptables-words.ts";
import { firstEntry, isObject } from "../../diagnose/rules/json.ts";
import { mangledField, onlyWith } from "./nft-words.ts";
import { expressionQuestion } from "./question-of.ts";
import type { Only, Question } from "./question.ts";

/** What a step of a rule does with the packets of an established connection. */
export type Effect =
  /** Nothing, or the same with every packet: what the kernel does with one now and then holds for those between. */
  | { readonly kind: "none" | "verdict" }
  /** It only counts, or shows when it was last used. */
  | { readonly kind: "counts" }
  /** Chooses a queue of the outgoing interface: matters only where the interface has several. */
  | { readonly kind: "marks"; readonly what: string }
  | { readonly kind: "each-packet"; readonly what: string; readonly only?: Only };

const NONE: Effect = { kind: "none" };

/** Says what a step does. */
export function effectOf(action: Action): Effect {
  switch (action.kind) {
    case "accept":
    case "drop":
    case "reject":
    case "return":
    case "jump":
    case "goto":
      return { kind: "verdict" };
    case "verdict-map":
      return chosenBy(expressionQuestion(action.key), { kind: "verdict" });
    case "queue":
      return { kind: "each-packet", what: "gives each packet to a program (queue)" };
    case "counter":
    // The kernel offers the connection to its own fast path, once.
    case "offload":
      return { kind: "counts" };
    case "log":
      return { kind: "each-packet", what: "logs each packet" };
    case "limit":
      return { kind: "each-packet", what: "limits the rate of packets" };
    case "set-mark":
      return chosenBy(expressionQuestion(action.value), { kind: "marks", what: "marks each packet" });
    case "set-ct-mark":
      return chosenBy(expressionQuestion(action.value), NONE);
    case "synproxy":
    case "tproxy":
      return { kind: "each-packet", what: `takes packets out of the way (${action.kind})` };
    case "other":
      return otherEffect(action.text);
    // Decided once for the connection. Untracked packets are none of an established connection, those with a helper or in
    // another zone take the kernel's way anyhow, and only SYN packets have a maximum segment size.
    case "continue":
    case "snat":
    case "dnat":
    case "masquerade":
    case "redirect":
    case "set-ct-zone":
    case "notrack":
    case "helper":
    case "ct-timeout":
    case "mss-clamp":
      return NONE;
  }
}

function chosenBy(question: Question, otherwise: Effect): Effect {
  return question.kind === "each-packet" ? question : otherwise;
}

function otherEffect(text: string): Effect {
  const statement = parsed(text);
  if (statement === undefined) {
    if (isMarkTarget(text)) return { kind: "marks", what: `chooses a queue for each packet (${text.split(" ")[0]})` };
    const what = targetEffect(text);
    return what === undefined ? NONE : { kind: "each-packet", what };
  }
  const field = mangledField(statement);
  if (field === "meta priority") return { kind: "marks", what: "sets the priority of each packet" };
  if (field === "ct label" || field === "ct event" || field === "ct secmark") return NONE;
  if (field === "meta nftrace") return { kind: "each-packet", what: "traces each packet" };
  if (field !== undefined) {
    return { kind: "each-packet", what: `changes ${field} of each packet`, only: onlyWith(field) };
  }
  const [name] = isObject(statement) ? firstEntry(statement) : [""];
  if (name === "reset")
    return { kind: "each-packet", what: "takes an option out of each packet", only: { protocol: 6 } };
  if (name === "last") return { kind: "counts" };
  if (name === "ct expectation") return NONE;
  return { kind: "each-packet", what: STATEMENTS[name] ?? `does something that is not understood (${name})` };
}

const STATEMENTS: Readonly<Record<string, string>> = {
  set: "updates a set with each packet",
  map: "updates a map with each packet",
  dup: "sends a copy of each packet elsewhere (dup)",
  fwd: "sends each packet elsewhere (fwd)",
  secmark: "marks each packet for the security module",
};

/** Undefined if it is no JSON, but what iptables writes. */
function parsed(text: string): unknown {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
