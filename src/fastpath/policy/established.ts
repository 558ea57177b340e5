import type { FieldName } from "../../diagnose/rules/expression.ts";
import type { Hook } from "../../diagnose/rules/ruleset.ts";
import { CT_STATES, CT_STATUSES, TCP_FLAGS } from "../../diagnose/rules/symbols.ts";
import { withoutConnection, type State } from "../../diagnose/rules/evaluate/state.ts";
import { known, type Value } from "../../diagnose/rules/evaluate/value.ts";

/** Protocols whose connections take the fast path: TCP and UDP. */
export const FAST_PROTOCOLS = [6, 17] as const;

/**
 * All that is known of every packet the fast path may carry, as rules of the hook see it: it belongs to an established
 * connection of zone 0 that has been answered, it is forwarded, no fragment, and begins or ends no connection. The rest is
 * unknown, so what the rules say to it holds for any of them.
 */
export function establishedPacket(family: "ip" | "ip6", protocol: number, hook: Hook): State {
  const fields = new Map<FieldName, Value>([
    ["protocol", known(protocol)],
    ["ct-protocol", known(protocol)],
    ["family", known(family === "ip" ? 2 : 10)],
    ["packet-type", known(0)],
    ["ct-state", known(CT_STATES.established)],
    ["ct-status", bits(["seen-reply", "assured", "confirmed"], ["expected", "snat", "dnat"], CT_STATUSES)],
    ["ct-direction", { kind: "number", bits: 0n, unknown: 1n }],
    ["ct-zone", known(0)],
    ["tcp-flags", bits([], ["psh", "ack", "urg", "ecn", "cwr"], TCP_FLAGS)],
  ]);
  if (hook === "prerouting" || hook === "ingress") fields.set("out-interface", { kind: "name", name: "" });
  return { family, protocol, fields };
}

/** The same before conntrack has looked at it. */
export function untrackedYet(family: "ip" | "ip6", protocol: number, hook: Hook): State {
  return withoutConnection(establishedPacket(family, protocol, hook), "invalid");
}

function bits(set: readonly string[], unknown: readonly string[], values: Readonly<Record<string, number>>): Value {
  const sum = (names: readonly string[]): bigint =>
    names.reduce((total, name) => total | BigInt(values[name] ?? 0), 0n);
  return { kind: "number", bits: sum(set), unknown: sum(unknown) };
}
