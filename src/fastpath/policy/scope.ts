import { addressBits } from "../../diagnose/rules/address.ts";
import type { Expression, FieldName, Members, Pattern } from "../../diagnose/rules/expression.ts";
import type { NamedSet } from "../../diagnose/rules/ruleset.ts";
import type { Match } from "../../diagnose/rules/statement.ts";

/** Addresses, as numbers of the family's width, or ports, from `low` to `high`, both included. */
export interface Span {
  readonly low: bigint;
  readonly high: bigint;
}

/** Packets that may come to a rule: at least those that do. What is left out may be anything. */
export interface Scope {
  readonly sources?: readonly Span[];
  readonly destinations?: readonly Span[];
  readonly sourcePorts?: readonly Span[];
  readonly destinationPorts?: readonly Span[];
  readonly inInterfaces?: readonly string[];
  readonly outInterfaces?: readonly string[];
}

/** All packets. */
export const EVERYTHING: Scope = {};

/** What is needed to tell what a question selects. */
export interface ScopeContext {
  readonly family: "ip" | "ip6";
  readonly sets: ReadonlyMap<string, NamedSet>;
  /** The interfaces between which packets are forwarded. */
  readonly devices: readonly string[];
}

/** More members than this are taken as "any": a filter that nobody could read would help nobody. */
const MOST = 16;

/** The scope less what certainly fails the question; undefined: nothing passes both. */
export function narrow(scope: Scope, match: Match, context: ScopeContext): Scope | undefined {
  if (match.kind === "all-of" && !match.negated) {
    return match.of.reduce<Scope | undefined>(
      (left, part) => (left === undefined ? undefined : narrow(left, part, context)),
      scope,
    );
  }
  if (match.kind !== "compare" || match.op !== "equal") return scope;
  const keys = keysOf(match.right, context);
  if (keys === undefined) return scope;
  return match.negated ? without(scope, match.left, keys, context) : narrowTo(scope, match.left, keys, context);
}

/** What of a scope a field is about, and how many bits it has. */
const SPANNED: Partial<
  Record<
    FieldName,
    {
      readonly side: "sources" | "destinations" | "sourcePorts" | "destinationPorts";
      readonly width: (context: ScopeContext) => number;
    }
  >
> = {
  source: { side: "sources", width: ({ family }) => addressBits(family) },
  destination: { side: "destinations", width: ({ family }) => addressBits(family) },
  "source-port": { side: "sourcePorts", width: () => 16 },
  "destination-port": { side: "destinationPorts", width: () => 16 },
};

/** The scope with the field one of the patterns; undefined: nothing is left. */
export function narrowTo(
  scope: Scope,
  field: Expression,
  keys: readonly Pattern[],
  context: ScopeContext,
): Scope | undefined {
  if (field.kind !== "field") return scope;
  const spanned = SPANNED[field.name];
  if (spanned !== undefined) {
    const spans = spansOf(keys, spanned.width(context));
    if (spans === undefined) return scope;
    const { side } = spanned;
    const left = common(scope[side], spans);
    return left.length === 0 ? undefined : { ...scope, [side]: left };
  }
  const side = interfaceSide(field.name);
  if (side === undefined) return scope;
  const names = (scope[side] ?? context.devices).filter((name) => keys.some((key) => mayBe(name, key)));
  if (names.length === 0) return undefined;
  return names.length === context.devices.length ? scope : { ...scope, [side]: names };
}

function without(
  scope: Scope,
  field: Expression,
  keys: readonly Pattern[],
  { devices }: ScopeContext,
): Scope | undefined {
  const side = field.kind === "field" ? interfaceSide(field.name) : undefined;
  if (side === undefined) return scope;
  const names = (scope[side] ?? devices).filter((name) => !keys.some((key) => certainlyIs(name, key)));
  if (names.length === 0) return undefined;
  return names.length === devices.length ? scope : { ...scope, [side]: names };
}

/** Undefined: not known, or it may be otherwise by the time it matters. */
function keysOf(members: Members, { sets }: ScopeContext): readonly Pattern[] | undefined {
  if ("elements" in members) return members.elements.map(({ key }) => key);
  const set = sets.get(members.set);
  return set?.changesByItself === true ? undefined : set?.elements?.map(({ key }) => key);
}

function interfaceSide(name: string): "inInterfaces" | "outInterfaces" | undefined {
  if (name === "in-interface") return "inInterfaces";
  return name === "out-interface" ? "outInterfaces" : undefined;
}

function mayBe(name: string, key: Pattern): boolean {
  return key.kind !== "name" || certainlyIs(name, key);
}

function certainlyIs(name: string, key: Pattern): boolean {
  return key.kind === "name" && (key.prefix ? name.startsWith(key.name) : name === key.name);
}

function spansOf(keys: readonly Pattern[], width: number): readonly Span[] | undefined {
  if (keys.length > MOST) return undefined;
  const spans: Span[] = [];
  for (const key of keys) {
    if (key.kind !== "range") return undefined;
    spans.push({ low: key.low, high: key.high });
  }
  const last = (1n << BigInt(width)) - 1n;
  return spans.some(({ low, high }) => low === 0n && high === last) ? undefined : spans;
}

function common(left: readonly Span[] | undefined, right: readonly Span[]): readonly Span[] {
  if (left === undefined) return right;
  return left.flatMap((one) =>
    right.flatMap((other) => {
      const [low, high] = [one.low > other.low ? one.low : other.low, one.high < other.high ? one.high : other.high];
      return low <= high ? [{ low, high }] : [];
    }),
  );
}
