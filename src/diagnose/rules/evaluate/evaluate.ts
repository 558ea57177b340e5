import { hashedAddress } from "../../../plan/pairing.ts";
import type { Expression, FieldExpression, Member, Members, Pattern } from "../expression.ts";
import type { Surroundings } from "../packet.ts";
import type { NamedSet } from "../ruleset.ts";
import type { Match } from "../statement.ts";
import { all, any, not, type Certainty } from "./certainty.ts";
import { askSet } from "./ask-set.ts";
import { addressTypeValue, type State } from "./state.ts";
import { ABSENT, beyond, fits, known, overlaps, UNKNOWN, type Value } from "./value.ts";

/** What expressions refer to beside the packet. */
export interface Context {
  readonly sets: ReadonlyMap<string, NamedSet>;
  readonly surroundings: Surroundings;
}

/** What the expression gives for the packet. */
export function evaluate(expression: Expression, state: State, context: Context): Value {
  switch (expression.kind) {
    case "field":
      return fieldValue(expression, state, context);
    case "literal":
      return patternValue(expression.pattern);
    case "bits":
      return expression.of
        .map((part) => evaluate(part, state, context))
        .reduce((left, right) => bitwise(expression.op, left, right));
    case "shift": {
      const value = evaluate(expression.of, state, context);
      if (value.kind !== "number") return value.kind === "absent" ? value : UNKNOWN;
      const shift = (bits: bigint): bigint => (expression.left ? bits << expression.by : bits >> expression.by);
      return { kind: "number", bits: shift(value.bits), unknown: shift(value.unknown) };
    }
    case "tuple": {
      const of = expression.of.map((part) => evaluate(part, state, context));
      return of.some((part) => part.kind === "absent") ? ABSENT : { kind: "tuple", of };
    }
    case "map": {
      const found = lookUp(evaluate(expression.key, state, context), expression.in, context);
      if (found === undefined) return UNKNOWN;
      if (found.length === 0) return ABSENT;
      const [only] = found;
      if (found.length > 1 || only?.certainty !== "yes" || only.member.data === undefined) return UNKNOWN;
      return evaluate(only.member.data, state, context);
    }
    case "any-number":
      return numberBelow(expression, state, context);
    case "unknown":
      return UNKNOWN;
  }
}

function numberBelow(
  { below, jhash }: Expression & { readonly kind: "any-number" },
  state: State,
  context: Context,
): Value {
  const value = jhash === undefined ? UNKNOWN : evaluate(jhash.of, state, context);
  if (jhash !== undefined && state.family === "ip" && value.kind === "number" && value.unknown === 0n) {
    return known(hashedAddress(Number(value.bits), Number(below), jhash.seed));
  }
  return { kind: "between", low: 0n, high: below - 1n };
}

/** Says whether the expression gives anything: a map gives nothing for a key that is not in it. */
export function isGiven(expression: Expression, state: State, context: Context): Certainty {
  if (expression.kind === "bits" || expression.kind === "tuple") {
    return all(expression.of.map((part) => isGiven(part, state, context)));
  }
  if (expression.kind === "map") {
    const found = lookUp(evaluate(expression.key, state, context), expression.in, context);
    if (found?.[0]?.exhaustive === true) return "yes";
    return found === undefined ? "perhaps" : any(found.map(({ certainty }) => certainty));
  }
  return evaluate(expression, state, context).kind === "absent" ? "no" : "yes";
}

/** Says whether the packet passes the question. */
export function answer(match: Match, state: State, context: Context): Certainty {
  if (match.kind === "unknown") return "perhaps";
  if (match.kind === "any-of" || match.kind === "all-of") {
    const answers = match.of.map((part) => answer(part, state, context));
    const together = match.kind === "any-of" ? any(answers) : all(answers);
    return match.negated ? not(together) : together;
  }
  const value = evaluate(match.left, state, context);
  // A packet without the field leaves the rule, whatever is asked.
  if (value.kind === "absent") return "no";
  const result = compared(match.op, value, match.right, context);
  return match.negated ? not(result) : result;
}

function compared(
  op: "equal" | "overlap" | "below" | "above",
  value: Value,
  right: Members,
  context: Context,
): Certainty {
  if (op === "equal") {
    const found = lookUp(value, right, context);
    return found === undefined ? "perhaps" : any(found.map(({ certainty }) => certainty));
  }
  if (!("elements" in right)) return "perhaps";
  return any(right.elements.map(({ key }) => (op === "overlap" ? overlaps(value, key) : beyond(value, op, key))));
}

/** An element that a value is, or may be. */
export interface Found {
  readonly member: Member;
  readonly certainty: Certainty;
  /** Together with the others it leaves no other way. */
  readonly exhaustive?: boolean;
}

/** Elements that the value is, or may be, one of; undefined if nobody knows what is in the set. */
export function lookUp(value: Value, members: Members, context: Context): readonly Found[] | undefined {
  if (value.kind === "absent") return [];
  const set = "set" in members ? context.sets.get(members.set) : undefined;
  const elements = "elements" in members ? members.elements : set?.elements;
  if (elements === undefined) {
    const asked = set === undefined ? undefined : askSet(set, value, context.surroundings);
    return asked?.map((member) => ({ member, certainty: "yes" }));
  }
  const found: Found[] = [];
  let otherwise: Member | undefined;
  for (const member of elements) {
    if (member.key.kind === "any") otherwise = member;
    else {
      const certainty = fits(value, member.key);
      if (certainty === "yes") return [...found, { member, certainty }];
      if (certainty === "perhaps") found.push({ member, certainty });
    }
  }
  if (covers(found, value)) return found.map((one) => ({ ...one, exhaustive: true }));
  // The element `*` is for those that no other fits.
  if (otherwise !== undefined) found.push({ member: otherwise, certainty: found.length === 0 ? "yes" : "perhaps" });
  return found;
}

/** Says whether the elements take every number the value may be. */
function covers(found: readonly Found[], value: Value): boolean {
  if (value.kind !== "between" || found.length === 0) return false;
  let next = value.low;
  const keys = found.map(({ member }) => member.key).filter((key) => key.kind === "range");
  for (const { low, high } of keys.toSorted((one, other) => (one.low < other.low ? -1 : 1))) {
    if (low > next) return false;
    if (high >= next) next = high + 1n;
  }
  return next > value.high;
}

function fieldValue(field: FieldExpression, state: State, { surroundings }: Context): Value {
  if (field.family !== undefined && field.family !== state.family) return ABSENT;
  if (field.protocols !== undefined && !field.protocols.includes(state.protocol)) return ABSENT;
  const own = state.fields.get(field.name);
  if (own !== undefined) return own;
  if (field.name === "source-type") return addressTypeValue(state.fields.get("source"), state.family, surroundings);
  if (field.name === "destination-type") {
    return addressTypeValue(state.fields.get("destination"), state.family, surroundings);
  }
  return UNKNOWN;
}

function patternValue(pattern: Pattern): Value {
  switch (pattern.kind) {
    case "range":
      return pattern.low === pattern.high
        ? known(pattern.low)
        : { kind: "between", low: pattern.low, high: pattern.high };
    case "name":
      return { kind: "name", name: pattern.name };
    case "tuple":
      return { kind: "tuple", of: pattern.of.map(patternValue) };
    case "any":
    case "unknown":
      return UNKNOWN;
  }
}

function bitwise(op: "and" | "or" | "xor", left: Value, right: Value): Value {
  if (left.kind === "absent" || right.kind === "absent") return ABSENT;
  const all = { kind: "number", bits: 0n, unknown: 0xffffffffn } as const;
  const [a, b] = [left, right].map((value) => (value.kind === "number" ? value : all)) as [typeof all, typeof all];
  const [ones, zeros] = [
    (value: typeof all): bigint => value.bits & ~value.unknown,
    (value: typeof all): bigint => ~(value.bits | value.unknown),
  ];
  const either = a.unknown | b.unknown;
  if (op === "xor") return { kind: "number", bits: (a.bits ^ b.bits) & ~either, unknown: either };
  if (op === "and") {
    const unknown = either & ~(zeros(a) | zeros(b));
    return { kind: "number", bits: ones(a) & ones(b), unknown };
  }
  const unknown = either & ~(ones(a) | ones(b));
  return { kind: "number", bits: ones(a) | ones(b), unknown };
}
