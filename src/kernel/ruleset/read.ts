import { parseRuleTexts } from "../counters/rule-counters.ts";
import { isKernelError } from "../error.ts";
import { listRuleset, listRulesetText, listSetElements, type NftObject } from "../nftables.ts";
import type { NamespaceName } from "../namespace.ts";
import { readIptablesSave, type IptablesProgram } from "./iptables-save.ts";
import { countElements } from "./set-elements.ts";

/** What the programs say about the rules of one namespace, as it comes; `src/diagnose/rules` understands it. */
export interface RulesetSources {
  /** The objects of `nft -j -t list ruleset`: without elements of sets. */
  readonly nft: readonly NftObject[];
  /** The rules as nft writes them, without counters, by `family/table/handle`. */
  readonly nftTexts: ReadonlyMap<string, string>;
  /** Elements of named sets and maps that are small enough, by `family/table/name`. */
  readonly elements: ReadonlyMap<string, readonly unknown[]>;
  /** What `PROGRAM-save -c` printed, of programs that have tables. */
  readonly saved: Partial<Readonly<Record<IptablesProgram, string>>>;
  /** What could not be read, one sentence each. */
  readonly failed: readonly string[];
}

/** Sets with more elements are not read: nft takes 25 ms for a thousand. */
const MAX_ELEMENTS = 2000;

/**
 * Reads the rules of every program in the namespace. nft's list comes first; iptables-nft is asked only if nft shows
 * tables of it. 30 to 100 ms on a host with docker and some hundred rules.
 */
export function readRulesetSources(
  namespace: NamespaceName,
  options: { readonly maxElements?: number } = {},
): RulesetSources {
  const failed: string[] = [];
  const attempt = <T>(what: string, read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      failed.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return otherwise;
    }
  };
  const nft = attempt("nft", () => listRuleset(namespace, { terse: true }), []);
  const bodies = (kind: string): NftBody[] => nft.map((object) => object[kind]).filter(isBody);
  const nftTexts =
    bodies("rule").length === 0
      ? new Map<string, string>()
      : attempt("nft", () => parseRuleTexts(listRulesetText(namespace)), new Map<string, string>());
  const saved: Partial<Record<IptablesProgram, string>> = {};
  for (const program of PROGRAMS) {
    if (program.endsWith("nft") && !bodies("chain").some((chain) => keptBy(chain, program))) continue;
    const text = attempt(program, () => readIptablesSave(namespace, program), undefined);
    if (text !== undefined) saved[program] = text;
  }
  const elements = attempt(
    "sets",
    () => readElements(namespace, bodies, options.maxElements ?? MAX_ELEMENTS),
    new Map<string, readonly unknown[]>(),
  );
  return { nft, nftTexts, elements, saved, failed };
}

const PROGRAMS: readonly IptablesProgram[] = ["iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"];

const IPTABLES_TABLES = new Set(["raw", "mangle", "nat", "filter", "security"]);

interface NftBody {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

function isBody(value: unknown): value is NftBody {
  return typeof value === "object" && value !== null && "table" in value && "family" in value;
}

function keptBy({ family, table }: NftBody, program: IptablesProgram): boolean {
  return family === (program === "iptables-nft" ? "ip" : "ip6") && IPTABLES_TABLES.has(table);
}

function readElements(
  namespace: NamespaceName,
  bodies: (kind: string) => readonly NftBody[],
  limit: number,
): Map<string, readonly unknown[]> {
  const elements = new Map<string, readonly unknown[]>();
  for (const kind of ["set", "map"] as const) {
    for (const set of bodies(kind)) {
      const id = `${set.family}/${set.table}/${set.name}`;
      const count = countElements(namespace, set, limit);
      if (count > limit) continue;
      elements.set(id, count === 0 ? [] : listElements(namespace, kind, set));
    }
  }
  return elements;
}

function listElements(namespace: NamespaceName, kind: "set" | "map", set: NftBody): readonly unknown[] {
  try {
    const listed = listSetElements(namespace, kind, set.family, set.table, set.name);
    const body = listed.map((object) => object[kind]).find((found) => typeof found === "object" && found !== null);
    return body !== undefined && "elem" in body && Array.isArray(body.elem) ? body.elem : [];
  } catch (error) {
    // Gone since the list was made.
    if (isKernelError(error, "kernel-not-found")) return [];
    throw error;
  }
}
