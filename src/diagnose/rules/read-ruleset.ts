import type { JsonObject } from "./json.ts";
import { readLegacyTable, withSavedText } from "./iptables/read-save.ts";
import { readSaveLines, type SavedTable } from "./iptables/save-lines.ts";
import { readNft } from "./nft/read-nft.ts";
import type { Chain, RuleProgram, Ruleset } from "./ruleset.ts";

/** What the programs said about the rules of one namespace, as it came. */
export interface RulesetSources {
  /** The objects of `nft -j list ruleset`, with or without elements of sets. */
  readonly nft: readonly JsonObject[];
  /** The rules as nft writes them, without counters, by `family/table/handle`. */
  readonly nftTexts: ReadonlyMap<string, string>;
  /** Elements of named sets and maps as nft's JSON has them, by `family/table/name`, where they were read. */
  readonly elements: ReadonlyMap<string, readonly unknown[]>;
  /** What `PROGRAM-save -c` printed; only programs that have tables. */
  readonly saved: Partial<Readonly<Record<RuleProgram, string>>>;
}

/** Understands the rules of one namespace, whichever programs wrote them. */
export function readRuleset(sources: RulesetSources): Ruleset {
  const unread: string[] = [];
  const saved = (program: RuleProgram): readonly SavedTable[] => {
    const { tables, unread: lines } = readSaveLines(sources.saved[program] ?? "");
    unread.push(...lines.map((line) => `${program}-save: ${line}`));
    return tables;
  };
  const nft = readNft(sources.nft, sources.nftTexts, sources.elements);
  const savedNft = { ip: saved("iptables-nft"), ip6: saved("ip6tables-nft") };
  const programs = iptablesTables(nft.chains);
  const chains = nft.chains.map((chain) => {
    const program = programs.get(`${chain.family}/${chain.table}`);
    if (program === undefined) return chain;
    const table = savedNft[chain.family === "ip6" ? "ip6" : "ip"].find(({ name }) => name === chain.table);
    const { chain: better, matched } = withSavedText(chain, table, program, nft.native);
    if (chain.rules.some(({ id }) => nft.foreign.has(id) && (!matched || nft.native.has(id)))) {
      unread.push(
        `${program}-save does not show the rules of chain ${chain.family} ${chain.table} ${chain.name} as nft does`,
      );
    }
    return better;
  });
  const legacy = (["iptables-legacy", "ip6tables-legacy"] as const).flatMap((program) =>
    saved(program).flatMap((table) => readLegacyTable(table, program)),
  );
  return {
    chains: new Map([...chains, ...legacy].map((chain) => [chain.id, chain])),
    sets: new Map(nft.sets.map((set) => [set.id, set])),
    unread,
  };
}

const IPTABLES_TABLES = new Set(["raw", "mangle", "nat", "filter", "security"]);

/**
 * The tables that iptables-nft keeps: they have fixed names, and base chains in capital letters. A table of such a name
 * with base chains in nft's manner (`chain input`) is nft's own.
 */
function iptablesTables(chains: readonly Chain[]): Map<string, "iptables-nft" | "ip6tables-nft"> {
  const tables = new Map<string, "iptables-nft" | "ip6tables-nft">();
  for (const { family, table } of chains) {
    if (!IPTABLES_TABLES.has(table)) continue;
    if (family === "ip") tables.set(`${family}/${table}`, "iptables-nft");
    if (family === "ip6") tables.set(`${family}/${table}`, "ip6tables-nft");
  }
  for (const { family, table, name, base } of chains) {
    if (base !== undefined && name !== base.hook.toUpperCase()) tables.delete(`${family}/${table}`);
  }
  return tables;
}
