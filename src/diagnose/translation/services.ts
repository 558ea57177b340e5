import type { FieldName, Pattern } from "../rules/expression.ts";
import { rulesOf, type Rule, type Ruleset } from "../rules/ruleset.ts";
import type { Expression } from "../rules/expression.ts";
import type { ServiceSignal } from "../signals/translation.ts";
import { addressText, askedOf, membersOf, protocolsOf, rangeOf, translationOf } from "./asked.ts";

/** Protocols with ports. */
const TCP = 6;
const UDP = 17;

/** The ports that rules of destination NAT forward, for IPv4. */
export function forwardedPorts(ruleset: Ruleset): ServiceSignal[] {
  return rulesOf(ruleset).flatMap((rule) => {
    const translation = translationOf(rule);
    if (rule.family === "ip6" || rule.family === "bridge") return [];
    if (translation?.kind !== "dnat" && translation?.kind !== "redirect") return [];
    const to = translation.address;
    return to?.kind === "map" ? mapped(rule, to, ruleset) : plain(rule, ruleset);
  });
}

function plain(rule: Rule, ruleset: Ruleset): ServiceSignal[] {
  const ports = askedOf(rule, "destination-port", ruleset);
  // A static translation of a whole address forwards no port in particular.
  if (ports === undefined) return [];
  const addresses = askedOf(rule, "destination", ruleset) ?? askedOf(rule, "ct-original-destination", ruleset);
  return services(rule, protocolsOf(rule, ruleset) ?? [TCP, UDP], ports, addresses ?? [undefined]);
}

/** `dnat to ip daddr . meta l4proto . th dport map @forwards`: what each element forwards. */
function mapped(rule: Rule, map: Expression & { readonly kind: "map" }, ruleset: Ruleset): ServiceSignal[] {
  const fields = map.key.kind === "tuple" ? map.key.of : [map.key];
  const place = (name: FieldName): number => fields.findIndex((field) => field.kind === "field" && field.name === name);
  const [portAt, addressAt, protocolAt] = [place("destination-port"), place("destination"), place("protocol")];
  if (portAt < 0) return [];
  return (membersOf(map.in, ruleset) ?? []).flatMap(({ key }) => {
    const parts = key.kind === "tuple" ? key.of : [key];
    const port = parts[portAt];
    const protocol = rangeOf(parts[protocolAt])?.first;
    const protocols = protocol === undefined ? (protocolsOf(rule, ruleset) ?? [TCP, UDP]) : [protocol];
    return port === undefined ? [] : services(rule, protocols, [port], [parts[addressAt]]);
  });
}

function services(
  rule: Rule,
  protocols: readonly number[],
  ports: readonly Pattern[],
  addresses: readonly (Pattern | undefined)[],
): ServiceSignal[] {
  return protocols
    .filter((protocol) => protocol === TCP || protocol === UDP)
    .flatMap((protocol) =>
      ports.flatMap((pattern) => {
        const range = rangeOf(pattern);
        if (range === undefined) return [];
        return addresses.map((address) => {
          const of = rangeOf(address);
          return { protocol, ...range, ...(of === undefined ? {} : { address: addressText(of) }), rule: rule.id };
        });
      }),
    );
}
