import type { BaseChain, Chain, Family, Hook, Rule, RuleProgram } from "../ruleset.ts";
import type { Action, Part } from "../statement.ts";
import { optionText, readMatches } from "./matches.ts";
import { readOptions } from "./options.ts";
import type { SavedRule, SavedTable } from "./save-lines.ts";
import { readTarget } from "./targets.ts";

/** Hooks and priorities of the built-in chains (include/uapi/linux/netfilter_ipv4.h: nf_ip_hook_priorities). */
const PRIORITIES: Readonly<Record<string, Readonly<Partial<Record<string, number>>>>> = {
  raw: { PREROUTING: -300, OUTPUT: -300 },
  mangle: { PREROUTING: -150, INPUT: -150, FORWARD: -150, OUTPUT: -150, POSTROUTING: -150 },
  nat: { PREROUTING: -100, INPUT: 100, OUTPUT: -100, POSTROUTING: 100 },
  filter: { INPUT: 0, FORWARD: 0, OUTPUT: 0 },
  security: { INPUT: 50, FORWARD: 50, OUTPUT: 50 },
};

/** Reads a table of the older packet filter. */
export function readLegacyTable(table: SavedTable, program: "iptables-legacy" | "ip6tables-legacy"): Chain[] {
  const family: Family = program === "iptables-legacy" ? "ip" : "ip6";
  const prefix = `legacy-${family}/${table.name}/`;
  return table.chains.map((chain) => {
    const base = builtIn(table.name, chain.name, chain.policy);
    const rules = table.rules
      .filter((rule) => rule.chain === chain.name)
      .map((saved, index): Rule => ({
        id: `${prefix}${chain.name}/${index + 1}`,
        program,
        family,
        table: table.name,
        chain: chain.name,
        chainId: prefix + chain.name,
        number: index + 1,
        count: { packets: saved.packets, bytes: saved.bytes },
        ...savedRule(saved, prefix),
      }));
    return {
      id: prefix + chain.name,
      program,
      family,
      table: table.name,
      name: chain.name,
      ...(base === undefined ? {} : { base, policyCount: { packets: chain.packets, bytes: chain.bytes } }),
      rules,
    };
  });
}

/** The hook of a chain by its name; undefined if it is one that people made. */
export function builtIn(table: string, chain: string, policy: "accept" | "drop" | undefined): BaseChain | undefined {
  const priority = PRIORITIES[table]?.[chain];
  if (priority === undefined || policy === undefined) return undefined;
  // A changed mark or address in mangle's OUTPUT is routed anew.
  const type = table === "nat" ? "nat" : table === "mangle" && chain === "OUTPUT" ? "route" : "filter";
  return { type, hook: chain.toLowerCase() as Hook, priority, policy };
}

/** The text and the meaning of a saved line; `prefix` is the id of the table's chains up to their name. */
export function savedRule(saved: SavedRule, prefix: string): Pick<Rule, "text" | "parts" | "comment"> {
  const { matches, target } = readOptions(saved.words);
  const comment = matches.find((option) => option.name === "--comment")?.values[0];
  const limit = matches.filter(({ module, name }) => module === "limit" && name !== "-m");
  const limited = matches.some(({ module }) => module === "limit" || module === "hashlimit");
  const asked = matches.filter((option) => !limit.includes(option));
  const actions = target === undefined ? [] : readTarget(target, prefix, limited);
  const parts: Part[] = [
    ...readMatches(asked).map((match): Part => ({ kind: "match", match })),
    ...(limit.length === 0 ? [] : [act({ kind: "limit", text: limit.map(optionText).join(" ") })]),
    // Counted once everything asked has been answered.
    act({ kind: "counter" }),
    ...actions.map(act),
  ];
  return { text: saved.text, parts, ...(comment === undefined ? {} : { comment }) };
}

function act(action: Action): Part {
  return { kind: "action", action };
}

/**
 * Replaces what nft tells of a table of iptables by what `iptables-nft-save` does; handles and counters stay nft's, and
 * so do rules that someone wrote with nft (`native`).
 */
export function withSavedText(
  chain: Chain,
  saved: SavedTable | undefined,
  program: RuleProgram,
  native: ReadonlySet<string>,
): { readonly chain: Chain; readonly matched: boolean } {
  const lines = saved?.rules.filter((rule) => rule.chain === chain.name) ?? [];
  const marked: Chain = {
    ...chain,
    program,
    rules: chain.rules.map((rule) => (native.has(rule.id) ? rule : { ...rule, program })),
  };
  // Someone added rules with nft that iptables cannot say, or they changed in between.
  if (saved === undefined || lines.length !== chain.rules.length) return { chain: marked, matched: false };
  const prefix = `${chain.family}/${chain.table}/`;
  const rules = chain.rules.map((rule, index): Rule => {
    const line = lines[index];
    return line === undefined || native.has(rule.id) ? rule : { ...rule, program, ...savedRule(line, prefix) };
  });
  return { chain: { ...chain, program, rules }, matched: true };
}
