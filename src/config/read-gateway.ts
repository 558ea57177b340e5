import { limitProblems } from "./checks/limits.ts";
import { linkProblems } from "./checks/links.ts";
import { portForwardProblems, staticNatProblems } from "./checks/forwards-and-statics.ts";
import { publicAddressProblems } from "./checks/public-addresses.ts";
import { referenceProblems } from "./checks/references.ts";
import { sourceNatProblems } from "./checks/source-nat.ts";
import { twiceNatProblems } from "./checks/twice-nat.ts";
import { uplinkProblems } from "./checks/uplinks.ts";
import { draftGateway, gatewayOf, type DraftGateway } from "./draft.ts";
import { fileProblem, type FileProblem } from "./file-problem.ts";
import type { Gateway } from "./gateway.ts";
import type { Problem } from "./problem.ts";
import { readEntries } from "./schema/entries.ts";
import type { LocatedProblem } from "./source/located-problem.ts";
import { parseYaml } from "./source/parse-yaml.ts";
import { readText } from "./source/read-text.ts";
import { readTree } from "./source/read-tree.ts";
import { SourceMap } from "./source/source-map.ts";

/** A gateway, and where in its file everything stands; or everything that is wrong, in the order of the file. */
export type GatewayReading =
  | { readonly gateway: Gateway; readonly source: SourceMap }
  | { readonly problems: readonly LocatedProblem[] };

const CHECKS: readonly ((draft: DraftGateway) => Iterable<FileProblem>)[] = [
  referenceProblems,
  linkProblems,
  publicAddressProblems,
  sourceNatProblems,
  portForwardProblems,
  staticNatProblems,
  twiceNatProblems,
  limitProblems,
  uplinkProblems,
];

/**
 * Reads a gateway file from its bytes or text. Never throws.
 * Loading this module loads zod and yaml (about 100 ms): commands that read no file should not import it.
 */
export function readGateway(file: string | Uint8Array, options: { readonly fileName?: string } = {}): GatewayReading {
  const fileName = options.fileName ?? "gateway.yaml";
  const text = readText(file);
  if (typeof text !== "string") {
    const { fault, line, column } = text;
    const problem = fileProblem(fault.code, [], fault.message, fault.fix);
    return { problems: [{ ...problem, file: fileName, line, column, length: 1, text: "" }] };
  }
  const source = new SourceMap(fileName, text);
  const parsed = parseYaml(text);
  if ("faults" in parsed) return { problems: placed(parsed.faults, source) };
  if (parsed.content === null) return { problems: [source.locate(emptyFile())] };
  const { tree, faults } = readTree(parsed.content, source);
  // What an alias failed to stand for is missing everywhere: nothing else can be said.
  if (faults.some(({ fault }) => fault.code === "yaml-alias")) return { problems: placed(faults, source) };
  if (tree === null) return { problems: [source.locate(emptyFile())] };
  const problems: Problem[] = [];
  const entries = readEntries(tree, problems);
  const draft = draftGateway(entries);
  for (const check of CHECKS) problems.push(...check(draft));
  if (problems.length === 0 && faults.length === 0) return { gateway: gatewayOf(draft, entries), source };
  return { problems: inOrder([...placed(faults, source), ...locateProblems(source, problems)]) };
}

/** Gives problems found later (by the planner) their place in the file. */
export function locateProblems(source: SourceMap, problems: readonly Problem[]): LocatedProblem[] {
  return problems.map((problem) => source.locate(problem));
}

function placed(faults: Extract<ReturnType<typeof parseYaml>, { faults: unknown }>["faults"], source: SourceMap) {
  const problems = faults.map(({ fault, span }) =>
    source.locateAt(fileProblem(fault.code, [], fault.message, fault.fix), span),
  );
  return inOrder(problems);
}

function inOrder(problems: readonly LocatedProblem[]): LocatedProblem[] {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  // A value used through an alias is read once for each use, but is wrong once;
  // one slip in the syntax makes several complaints of the parser on its line.
  const seen = new Set<string>();
  return sorted.filter((problem) => {
    const place = problem.code === "yaml-syntax" ? "" : problem.column;
    const key = `${problem.line}:${place}:${problem.code}:${problem.message}`;
    return !seen.has(key) && seen.add(key);
  });
}

function emptyFile(): FileProblem {
  const fix = "write a gateway file, or let `meganat init` write one to start from";
  return fileProblem("file-empty", [], "the file has no content", fix);
}
