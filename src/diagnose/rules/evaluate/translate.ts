import type { FieldName } from "../expression.ts";
import type { Hook } from "../ruleset.ts";
import type { Translation } from "../statement.ts";
import { CT_STATUSES } from "../symbols.ts";
import { evaluate, type Context } from "./evaluate.ts";
import { inNetwork, type State } from "./state.ts";
import { known, UNKNOWN, type Value } from "./value.ts";

/** The side of the packet that rules of the hook translate. */
export function translatedSide(hook: Hook): "source" | "destination" {
  return hook === "prerouting" || hook === "output" ? "destination" : "source";
}

/** Gives the packet its translated address and port, as far as the rule fixes them. */
export function translate(translation: Translation, hook: Hook, state: State, context: Context): void {
  const side = translatedSide(hook);
  const [addressField, portField]: readonly [FieldName, FieldName] = [side, `${side}-port`];
  const { fields } = state;
  const before = [fields.get(addressField) ?? UNKNOWN, fields.get(portField) ?? UNKNOWN] as const;
  const [address, port] = target(translation, before, state, context);
  fields.set(addressField, address);
  if (before[1].kind !== "absent") fields.set(portField, port);
  const changed = !same(address, before[0]) || !same(port, before[1]);
  const status = fields.get("ct-status");
  if (changed && status?.kind === "number") {
    const bit = BigInt(CT_STATUSES[side === "source" ? "snat" : "dnat"] ?? 0);
    fields.set("ct-status", { ...status, bits: status.bits | bit, unknown: status.unknown & ~bit });
  }
  if (side === "destination" && translation.kind === "redirect") fields.set("destination-type", known(2));
  // The reply comes from where the packet goes now.
  fields.set(side === "destination" ? "ct-reply-source" : "ct-reply-destination", address);
  fields.set(
    side === "destination" ? "ct-reply-source-port" : "ct-reply-destination-port",
    fields.get(portField) ?? UNKNOWN,
  );
}

function target(
  translation: Translation,
  before: readonly [Value, Value],
  state: State,
  context: Context,
): readonly [address: Value, port: Value] {
  const port =
    translation.port === undefined ? before[1] : single(evaluate(translation.port, state, context), before[1]);
  // The address is that of an interface, which the rule does not know.
  if (translation.address === undefined)
    return [translation.kind === "snat" || translation.kind === "dnat" ? before[0] : UNKNOWN, port];
  const address = evaluate(translation.address, state, context);
  if (address.kind === "tuple") return [single(address.of[0] ?? UNKNOWN), single(address.of[1] ?? UNKNOWN, before[1])];
  // A map that nobody has read may give ports too.
  if (address.kind === "unknown" && translation.port === undefined) return [UNKNOWN, UNKNOWN];
  if (translation.prefix === true && address.kind === "between") {
    return [inNetwork(before[0], address.low, address.high, state.family), port];
  }
  return [single(address), port];
}

/** A port in the range is kept; otherwise the kernel chooses one. */
function single(value: Value, before?: Value): Value {
  if (value.kind !== "between") return value;
  const keeps = before?.kind === "number" && before.bits >= value.low && before.bits <= value.high;
  return keeps && before.unknown === 0n ? before : UNKNOWN;
}

function same(one: Value, other: Value): boolean {
  return (
    one === other ||
    (one.kind === "number" &&
      other.kind === "number" &&
      one.unknown === 0n &&
      other.unknown === 0n &&
      one.bits === other.bits)
  );
}
