import { formatIpv4 } from "../../address/ipv4.ts";
import type { Expression, FieldName, Member, Members, Pattern } from "../rules/expression.ts";
import type { Rule, Ruleset } from "../rules/ruleset.ts";
import type { Translation } from "../rules/statement.ts";

/** Numbers from one to another, both included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** The elements of a set of a rule, where they are known. */
export function membersOf(members: Members, ruleset: Ruleset): readonly Member[] | undefined {
  return "elements" in members ? members.elements : ruleset.sets.get(members.set)?.elements;
}

/** What a rule asks a field to be, all possibilities; undefined: it does not ask, or in a way not understood. */
export function askedOf(rule: Rule, field: FieldName, ruleset: Ruleset): readonly Pattern[] | undefined {
  for (const part of rule.parts) {
    if (part.kind !== "match" || part.match.kind !== "compare") continue;
    const { left, op, negated, right } = part.match;
    if (negated || op !== "equal" || left.kind !== "field" || left.name !== field) continue;
    const elements = membersOf(right, ruleset);
    if (elements !== undefined) return elements.map(({ key }) => key);
  }
  return undefined;
}

/** The protocols a rule is about, by the fields it looks at; undefined: it does not say. */
export function protocolsOf(rule: Rule, ruleset: Ruleset): readonly number[] | undefined {
  const asked = askedOf(rule, "protocol", ruleset) ?? askedOf(rule, "ct-protocol", ruleset);
  if (asked !== undefined) return asked.flatMap((pattern) => rangeOf(pattern)?.first ?? []);
  for (const part of rule.parts) {
    if (part.kind !== "match" || part.match.kind !== "compare") continue;
    const { left } = part.match;
    if (left.kind === "field" && left.protocols !== undefined) return left.protocols;
  }
  return undefined;
}

/** The translation a rule makes, if it makes one. */
export function translationOf(rule: Rule): Translation | undefined {
  for (const part of rule.parts) {
    if (part.kind !== "action") continue;
    const { action } = part;
    if (
      action.kind === "snat" ||
      action.kind === "dnat" ||
      action.kind === "masquerade" ||
      action.kind === "redirect"
    ) {
      return action;
    }
  }
  return undefined;
}

/** A pattern as numbers, if it is a range of them. */
export function rangeOf(pattern: Pattern | undefined): NumberRange | undefined {
  return pattern?.kind === "range" ? { first: Number(pattern.low), last: Number(pattern.high) } : undefined;
}

/** A fixed value as numbers; undefined: none is given, or it depends on the packet. */
export function literalRange(expression: Expression | undefined): NumberRange | undefined {
  return expression?.kind === "literal" ? rangeOf(expression.pattern) : undefined;
}

/** Both ends as dotted text. */
export function addressText({ first, last }: NumberRange): { readonly first: string; readonly last: string } {
  return { first: formatIpv4(first), last: formatIpv4(last) };
}
