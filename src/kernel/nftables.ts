import { constants } from "node:os";
import { KernelError, type KernelErrorCode } from "./error.ts";
import { runInNamespace, type NamespaceName, type ProgramResult } from "./namespace.ts";

export { readGeneration, readTableComment } from "./nftables-netlink.ts";

/** One object of `nft -j`: a single key (`table`, `chain`, `rule`, `set`, `map`, `element`, ...) and what it holds. */
export type NftObject = Readonly<Record<string, unknown>>;

/** The words nft prints for the errno of a refused transaction. */
const ERRNO_BY_WORDS: readonly (readonly [string, number, KernelErrorCode])[] = [
  ["Operation not permitted", constants.errno.EPERM, "kernel-permission"],
  ["No such file or directory", constants.errno.ENOENT, "kernel-not-found"],
  ["File exists", constants.errno.EEXIST, "kernel-exists"],
  ["Device or resource busy", constants.errno.EBUSY, "kernel-busy"],
  ["Operation not supported", constants.errno.EOPNOTSUPP, "kernel-not-supported"],
  ["Cannot allocate memory", constants.errno.ENOMEM, "kernel-no-memory"],
];

const REMEDIES: Partial<Record<KernelErrorCode, string>> = {
  "kernel-permission": "run as root, or give the process CAP_NET_ADMIN",
  "kernel-not-found":
    "something the ruleset names is not there; if it is an expression (nat, masquerade, ct), the kernel lacks its module",
  "kernel-exists": "it is there already, perhaps with other properties: remove it first",
};

/** Sends a script to the kernel as one transaction: all of it happens or nothing. */
export function runNft(namespace: NamespaceName, script: string): void {
  const result = runInNamespace(namespace, "nft", ["-f", "-"], { input: script });
  if (result.status !== 0) throw nftError("load the ruleset", result);
}

/** Asks nft and the kernel whether they would take the script, and changes nothing. */
export function checkNft(namespace: NamespaceName, script: string): void {
  const result = runInNamespace(namespace, "nft", ["-c", "-f", "-"], { input: script });
  if (result.status !== 0) throw nftError("check the ruleset", result);
}

/**
 * What a table holds, or undefined if there is none of the name. `terse` leaves out the elements of sets and maps:
 * with 100,000 of them 5 ms in place of 2.4 s.
 */
export function listTable(
  namespace: NamespaceName,
  family: string,
  table: string,
  options: { readonly terse?: boolean } = {},
): NftObject[] | undefined {
  const flags = options.terse === true ? ["-j", "-t"] : ["-j"];
  const result = runInNamespace(namespace, "nft", [...flags, "list", "table", family, table]);
  if (result.status === 0) return objectsOf(result.stdout);
  const error = nftError(`list table ${family} ${table}`, result);
  if (error.code === "kernel-not-found") return undefined;
  throw error;
}

/** Everything of the namespace, other people's tables too; `terse` as for `listTable`. */
export function listRuleset(namespace: NamespaceName, options: { readonly terse?: boolean } = {}): NftObject[] {
  const flags = options.terse === true ? ["-j", "-t"] : ["-j"];
  const result = runInNamespace(namespace, "nft", [...flags, "list", "ruleset"]);
  if (result.status !== 0) throw nftError("list the ruleset", result);
  return objectsOf(result.stdout);
}

/** The ruleset as nft writes it, each rule with its handle (`-a`), without the elements of sets and maps. */
export function listRulesetText(namespace: NamespaceName): string {
  const result = runInNamespace(namespace, "nft", ["-a", "-t", "list", "ruleset"]);
  if (result.status !== 0) throw nftError("list the ruleset", result);
  return result.stdout;
}

/** One set or map with its elements; throws `kernel-not-found`. */
export function listSetElements(
  namespace: NamespaceName,
  kind: "set" | "map",
  family: string,
  table: string,
  name: string,
): NftObject[] {
  const result = runInNamespace(namespace, "nft", ["-j", "list", kind, family, table, name]);
  if (result.status !== 0) throw nftError(`list ${kind} ${family} ${table} ${name}`, result);
  return objectsOf(result.stdout);
}

function objectsOf(json: string): NftObject[] {
  const document: unknown = JSON.parse(json);
  const list = typeof document === "object" && document !== null && "nftables" in document ? document.nftables : [];
  if (!Array.isArray(list)) return [];
  return list.filter((item): item is NftObject => typeof item === "object" && item !== null && !("metainfo" in item));
}

function nftError(tried: string, result: ProgramResult): KernelError {
  const said = excerpt(result.stderr === "" ? result.stdout : result.stderr);
  const known = ERRNO_BY_WORDS.find(([words]) => said.includes(words));
  const [, errno, code] = known ?? ["", 0, "kernel-rejected" as const];
  return new KernelError(code, "nft refused it", {
    tried,
    errno,
    kernelSaid: said,
    remedy: REMEDIES[code] ?? "nft's words name the line and mark the place",
  });
}

const EXCERPT_LINES = 12;
const EXCERPT_WIDTH = 160;

/**
 * nft repeats the whole line in error and marks the place with carets below; a line with 100,000 elements would fill
 * the screen. Keeps the first lines, and of long ones the part around the carets.
 */
export function excerpt(stderr: string): string {
  const lines = stderr.trimEnd().split("\n").slice(0, EXCERPT_LINES);
  return lines
    .map((line, index) => {
      const own = caretColumn(line);
      const column = own ?? caretColumn(lines[index + 1] ?? "") ?? 0;
      const start =
        line.length <= EXCERPT_WIDTH && column < EXCERPT_WIDTH ? 0 : Math.max(0, column - EXCERPT_WIDTH / 2);
      return line.slice(start, start + EXCERPT_WIDTH).trimEnd();
    })
    .join("\n");
}

/** Where the carets begin, if the line has nothing else. */
function caretColumn(line: string): number | undefined {
  return /^\s*\^+[\s^]*$/.test(line) ? line.indexOf("^") : undefined;
}
