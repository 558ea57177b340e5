import type { Expression } from "../rules/expression.ts";
import { rulesOf, type Rule, type Ruleset } from "../rules/ruleset.ts";
import type { Translation } from "../rules/statement.ts";
import type { AddressSignal } from "../signals/network.ts";
import type { PoolRange, PoolSignal } from "../signals/translation.ts";
import {
  addressText,
  askedOf,
  literalRange,
  membersOf,
  protocolsOf,
  rangeOf,
  translationOf,
  type NumberRange,
} from "./asked.ts";

/** What the kernel takes for source ports above 1023 if a rule names none (net/netfilter/nf_nat_core.c). */
const KERNEL_PORTS: NumberRange = { first: 1024, last: 65_535 };

/** One subscriber's block, or one address's part of a map. */
interface Choice {
  readonly address: NumberRange;
  readonly ports: NumberRange;
}

/** The pools of every rule of source NAT for IPv4, as the rules stand. */
export function poolsOf(ruleset: Ruleset, addresses: readonly AddressSignal[]): PoolSignal[] {
  return rulesOf(ruleset).flatMap((rule) => {
    const translation = translationOf(rule);
    if (rule.family === "ip6" || rule.family === "bridge" || translation === undefined) return [];
    if (translation.kind === "masquerade") return [masquerade(rule, translation, ruleset, addresses)];
    if (translation.kind !== "snat" && !isSourceNetmap(rule, translation)) return [];
    return [sourcePool(rule, translation, ruleset)];
  });
}

/** Which side NETMAP of iptables translates depends on the hook. */
function isSourceNetmap({ program, chain }: Rule, { flags }: Translation): boolean {
  return program !== "nft" && flags.includes("netmap") && chain !== "PREROUTING" && chain !== "OUTPUT";
}

function masquerade(
  rule: Rule,
  translation: Translation,
  ruleset: Ruleset,
  addresses: readonly AddressSignal[],
): PoolSignal {
  const out = askedOf(rule, "out-interface", ruleset);
  const leavesBy = (name: string): boolean =>
    out === undefined
      ? name !== "lo"
      : out.some(
          (pattern) =>
            pattern.kind === "name" && (pattern.prefix ? name.startsWith(pattern.name) : name === pattern.name),
        );
  const ports = literalRange(translation.port) ?? KERNEL_PORTS;
  const own = addresses.filter(({ interface: name }) => leavesBy(name));
  return {
    ...head(rule, translation, ruleset),
    kind: "masquerade",
    mapped: false,
    ranges: own.map(({ address }) => ({ first: address, last: address, ports })),
  };
}

function sourcePool(rule: Rule, translation: Translation, ruleset: Ruleset): PoolSignal {
  const { address: to, port } = translation;
  const ports = literalRange(port) ?? KERNEL_PORTS;
  const fixed = to?.kind === "literal" ? choiceOf(to, ports) : undefined;
  if (fixed !== undefined) {
    return { ...head(rule, translation, ruleset), kind: "snat", mapped: false, ranges: [poolRange(fixed)] };
  }
  if (to?.kind !== "map") return { ...head(rule, translation, ruleset), kind: "snat", mapped: false, ranges: [] };
  const choices = (membersOf(to.in, ruleset) ?? []).flatMap(({ data }) => choiceOf(data, ports) ?? []);
  const named = "set" in to.in;
  const blockSize = named ? commonBlock(choices) : undefined;
  return {
    ...head(rule, translation, ruleset),
    kind: "snat",
    mapped: true,
    ...(blockSize === undefined ? {} : { blockSize }),
    ranges: joined(choices),
  };
}

function head(
  rule: Rule,
  { flags }: Translation,
  ruleset: Ruleset,
): Pick<PoolSignal, "rule" | "text" | "program" | "number" | "flags" | "protocols"> {
  const protocols = protocolsOf(rule, ruleset);
  const { id, text, program, number } = rule;
  return { rule: id, text, program, number, flags, ...(protocols === undefined ? {} : { protocols }) };
}

function choiceOf(expression: Expression | undefined, ports: NumberRange): Choice | undefined {
  if (expression?.kind !== "literal") return undefined;
  const { pattern } = expression;
  const [first, second] = pattern.kind === "tuple" ? pattern.of : [pattern];
  const address = rangeOf(first);
  return address === undefined ? undefined : { address, ports: rangeOf(second) ?? ports };
}

/** Blocks are of one size and cut out of one grid; undefined: these are not blocks. */
function commonBlock(choices: readonly Choice[]): number | undefined {
  const sizes = new Set(choices.map(({ ports }) => ports.last - ports.first + 1));
  const [size] = sizes;
  return sizes.size === 1 && size !== undefined && size < 16_384 ? size : undefined;
}

/** Each address once, with all of its ports; neighbours with the same ports become one range. */
export function joined(choices: readonly Choice[]): PoolRange[] {
  const byAddress = new Map<number, NumberRange>();
  const wide: Choice[] = [];
  for (const choice of choices) {
    const { address, ports } = choice;
    if (address.first !== address.last) {
      wide.push(choice);
      continue;
    }
    const known = byAddress.get(address.first) ?? ports;
    byAddress.set(address.first, { first: Math.min(known.first, ports.first), last: Math.max(known.last, ports.last) });
  }
  const ranges: Choice[] = [];
  for (const [address, ports] of [...byAddress].toSorted(([a], [b]) => a - b)) {
    const last = ranges.at(-1);
    const goesOn =
      last !== undefined &&
      last.address.last + 1 === address &&
      last.ports.first === ports.first &&
      last.ports.last === ports.last;
    if (goesOn) ranges[ranges.length - 1] = { address: { first: last.address.first, last: address }, ports };
    else ranges.push({ address: { first: address, last: address }, ports });
  }
  return [...ranges, ...wide].map(poolRange);
}

function poolRange({ address, ports }: Choice): PoolRange {
  return { ...addressText(address), ports };
}
