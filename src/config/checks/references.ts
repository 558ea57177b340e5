import type { DraftGateway } from "../draft.ts";
import { quote } from "../fault.ts";
import { fileProblem, type FileProblem } from "../file-problem.ts";
import { nearest } from "../nearest.ts";
import type { FilePath } from "../problem.ts";
import type { Entry } from "../schema/entries.ts";

/** Names that refer to nothing, and names two entries share. */
export function* referenceProblems(draft: DraftGateway): Generator<FileProblem> {
  for (const { path, value } of [...draft.sourceNat, ...draft.staticNat]) {
    // A link that could not be read may be the one with a gateway.
    if (value.out === "" && draft.links.length === draft.linkNames?.length) yield outMissing(path, draft);
    if (value.out !== "") yield* unknown("link", [...path, "out"], value.out, draft.linkNames);
  }
  for (const { path, value } of draft.sourceNat) {
    if (value.to.kind === "pool") yield* unknown("pool", [...path, "to"], value.to.pool, draft.poolNames);
  }
  yield* unusedPools(draft);
  for (const { path, value } of draft.twiceNat) {
    yield* unknown("link", [...path, "inside", "link"], value.inside.link, draft.linkNames);
    yield* unknown("link", [...path, "outside", "link"], value.outside.link, draft.linkNames);
  }
  for (const list of [draft.sourceNat, draft.portForwards, draft.staticNat, draft.twiceNat])
    yield* duplicateNames(list);
  yield* duplicateInterfaces(draft);
}

function* unknown(
  what: "link" | "pool",
  path: FilePath,
  name: string,
  names: readonly string[] | undefined,
): Generator<FileProblem> {
  if (names === undefined || names.includes(name)) return;
  const near = nearest(name, names);
  const known = names.length === 0 ? `add it to ${what}s` : `write one of ${names.join(", ")}, or add it to ${what}s`;
  yield fileProblem(
    `unknown-${what}`,
    path,
    `no ${what} is named ${quote(name)}`,
    near === undefined ? known : `write ${near}`,
  );
}

function outMissing(path: FilePath, draft: DraftGateway): FileProblem {
  const count = draft.links.filter((link) => link.value.gateway !== undefined).length;
  const why = count === 0 ? "no link has a gateway" : `${count} links have a gateway`;
  const message = `by which link the packets leave is not written, and ${why} to guess from`;
  const names = draft.links.map((link) => link.value.name);
  return fileProblem("out-missing", path, message, `add out: ${names[0] ?? "wan"} (one of ${names.join(", ")})`);
}

// With one link that has a gateway, a pool only port forwards listen on belongs there.
function* unusedPools(draft: DraftGateway): Generator<FileProblem> {
  if (!draft.isComplete || draft.defaultOut !== "") return;
  const used = new Set(draft.sourceNat.map((rule) => (rule.value.to.kind === "pool" ? rule.value.to.pool : "")));
  for (const { path, value: pool } of draft.pools) {
    if (used.has(pool.name) || pool.reachedBy === "route") continue;
    const message = `no rule translates to the pool ${pool.name}, so it is unknown on which link its addresses belong`;
    yield fileProblem(
      "pool-unused",
      path,
      message,
      `write a source-nat rule with to: ${pool.name}, or delete the pool`,
    );
  }
}

function* duplicateNames(list: readonly Entry<{ readonly name: string }>[]): Generator<FileProblem> {
  const seen = new Set<string>();
  for (const { path, value } of list) {
    if (seen.has(value.name)) {
      const message = `a second entry of ${String(path[0])} is named ${quote(value.name)}`;
      yield fileProblem("duplicate-name", [...path, "name"], message, "give it another name");
    }
    seen.add(value.name);
  }
}

function* duplicateInterfaces(draft: DraftGateway): Generator<FileProblem> {
  const seen = new Map<string, string>();
  for (const { path, value } of draft.links) {
    const other = seen.get(value.interface);
    if (other === undefined) {
      seen.set(value.interface, value.name);
      continue;
    }
    const message = `the links ${other} and ${value.name} are both the interface ${value.interface}`;
    yield fileProblem(
      "duplicate-interface",
      [...path, "interface"],
      message,
      "write the addresses of both at one link",
    );
  }
}
