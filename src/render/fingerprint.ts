import { createHash } from "node:crypto";
import type { NftSet, Ruleset } from "./desired-state.ts";
import { commentText } from "./name.ts";

/** What a fingerprint is taken of: everything the kernel gets but the comment that carries it. */
export type FingerprintedRuleset = Pick<Ruleset, "counters" | "sets" | "chains">;

/** SHA-256 of the ruleset in 64 hex digits. Explanations for people do not count, the order of elements does. */
export function fingerprint(ruleset: FingerprintedRuleset): string {
  const digest = createHash("sha256");
  for (const { name } of ruleset.counters) digest.update(`counter ${name}\n`);
  for (const set of ruleset.sets) digest.update(canonicalSet(set));
  for (const { name, hook, rules } of ruleset.chains) digest.update(`${JSON.stringify([name, hook ?? null, rules])}\n`);
  return digest.digest("hex");
}

function canonicalSet(set: NftSet): string {
  const head = JSON.stringify([
    set.name,
    set.key,
    set.data ?? null,
    set.flags,
    ...(set.size === undefined ? [] : [set.size, set.counts === true]),
  ]);
  return `${head}\n${set.elements.join("\n")}\n`;
}

const MARK = / sha256:([0-9a-f]{16})$/;

/** The table's comment: the gateway's name and the first 16 digits of the fingerprint. */
export function rulesetComment(gateway: string, ruleset: FingerprintedRuleset): string {
  return `${commentText(gateway, 96)} sha256:${fingerprint(ruleset).slice(0, 16)}`;
}

/** Reads a table's comment back, or returns undefined if it is not one of ours. */
export function parseRulesetComment(
  comment: string,
): { readonly gateway: string; readonly digits: string } | undefined {
  const match = MARK.exec(comment);
  return match?.[1] === undefined ? undefined : { gateway: comment.slice(0, match.index), digits: match[1] };
}
