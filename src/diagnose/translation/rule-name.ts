import type { RuleProgram } from "../rules/ruleset.ts";

/** What names a rule. */
export interface RuleName {
  /** `family/table/chain/handle`, or `legacy-ip/table/chain/number`. */
  readonly rule: string;
  readonly text: string;
  readonly program: RuleProgram;
  readonly number: number;
}

/** Says whether the rule is in the table that MegaNAT writes. */
export function isOurs(rule: string): boolean {
  return rule.startsWith("ip/meganat/");
}

/** The name of source NAT's rule in the gateway file, from the chain that a rule of ours is in. */
export function fileRuleName(rule: string): string | undefined {
  return /^ip\/meganat\/source_([^/]+)\//.exec(rule)?.[1];
}

/** `rule 12 of chain ip nat postrouting`, with the handle for nft, the place for iptables. */
export function ruleTitle({ rule, program, number }: RuleName): string {
  const [family = "", table = "", chain = "", handle = ""] = rule.split("/");
  return program === "nft"
    ? `rule with handle ${handle} of chain ${family} ${table} ${chain}`
    : `rule ${number} of ${chain} in table ${table} (${program})`;
}

/** The command that puts another text in the rule's place; the text is one of the rule's own program. */
export function replaceRule({ rule, program, number }: RuleName, text: string): string {
  const [family = "", table = "", chain = "", handle = ""] = rule.split("/");
  if (program === "nft") return `nft replace rule ${family} ${table} ${chain} handle ${handle} ${text}`;
  return `${command(program)} -t ${table} -R ${chain} ${number} ${text}`;
}

/** The command that adds a rule at the end of the rule's chain. */
export function addRule({ rule, program }: RuleName, text: string): string {
  const [family = "", table = "", chain = ""] = rule.split("/");
  if (program === "nft") return `nft add rule ${family} ${table} ${chain} ${text}`;
  return `${command(program)} -t ${table} -A ${chain} ${text}`;
}

function command(program: RuleProgram): string {
  return program.replace(/-nft$/, "");
}
