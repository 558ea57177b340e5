import type { Chain, Rule } from "./ruleset.ts";
import { ownerOf } from "./owner.ts";

/** The rule in one line: where it is, how to name it, who wrote it, and what it says. */
export function describeRule(rule: Rule): string {
  const owner = ownerOf(rule);
  const by = owner === undefined ? "" : `, written by ${owner.name}`;
  return `${placeOf(rule)}${by}: ${rule.text}`;
}

/** The way to name the rule to its program: a handle, or its place in the chain. */
export function placeOf(rule: Rule): string {
  if (rule.program === "nft") return `rule handle ${rule.handle} of chain ${rule.family} ${rule.table} ${rule.chain}`;
  return `rule ${rule.number} of chain ${rule.chain} in table ${rule.table} of ${rule.program}`;
}

/** The policy of a base chain in one line. */
export function describePolicy(chain: Chain): string {
  const where =
    chain.program === "nft"
      ? `${chain.family} ${chain.table} ${chain.name}`
      : `${chain.name} in table ${chain.table} of ${chain.program}`;
  return `policy ${chain.base?.policy ?? "accept"} of chain ${where}`;
}

/** The command that shows the rule with its counters. */
export function showCommand(rule: Rule): string {
  if (rule.program === "nft") return `nft -a list chain ${rule.family} ${rule.table} ${rule.chain}`;
  return `${rule.program} -t ${rule.table} -vnL ${rule.chain} --line-numbers`;
}

/** The command that removes the rule. Its number moves when rules before it go: look first. */
export function deleteCommand(rule: Rule): string {
  if (rule.program === "nft") return `nft delete rule ${rule.family} ${rule.table} ${rule.chain} handle ${rule.handle}`;
  return `${rule.program} -t ${rule.table} -D ${rule.chain} ${rule.text}`;
}
