import type { Expression, FieldName } from "../../diagnose/rules/expression.ts";
import type { Match } from "../../diagnose/rules/statement.ts";
import { iptablesQuestion } from "./iptables-words.ts";
import { nftQuestion } from "./nft-words.ts";
import { SAME_FOR_ALL, type Question } from "./question.ts";

/** Says what a rule's question is. */
export function questionOf(match: Match): Question {
  if (match.kind === "any-of" || match.kind === "all-of") return gravest(match.of.map(questionOf));
  if (match.kind === "compare") return expressionQuestion(match.left);
  return match.text.startsWith("-") || match.text.startsWith("xt match ")
    ? iptablesQuestion(match.text)
    : nftQuestion(match.text);
}

const CHANGING: Partial<Record<FieldName, string>> = {
  length: "asks for the length of the packet",
  ttl: "asks for the TTL of the packet",
  "tcp-flags": "asks for flags of TCP that vary from packet to packet",
};

/** Says what a value depends on. */
export function expressionQuestion(expression: Expression): Question {
  switch (expression.kind) {
    case "field": {
      const what = CHANGING[expression.name];
      return what === undefined ? SAME_FOR_ALL : { kind: "each-packet", what };
    }
    case "bits":
    case "tuple":
      return gravest(expression.of.map(expressionQuestion));
    case "shift":
      return expressionQuestion(expression.of);
    case "map":
      return expressionQuestion(expression.key);
    case "any-number":
      return expression.hash === true ? SAME_FOR_ALL : { kind: "each-packet", what: "chooses anew for each packet" };
    case "unknown":
      // Values of iptables are made of marks.
      return expression.text.startsWith("{") ? nftQuestion(expression.text) : SAME_FOR_ALL;
    case "literal":
      return SAME_FOR_ALL;
  }
}

function gravest(questions: readonly Question[]): Question {
  return questions.find(({ kind }) => kind === "each-packet") ?? SAME_FOR_ALL;
}
