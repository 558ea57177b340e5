import type * as z from "zod";
import { Fault } from "../fault.ts";
import { faultProblem } from "../file-problem.ts";
import type { FilePath, Problem } from "../problem.ts";
import type { Tree } from "../source/read-tree.ts";
import { missingKey, unknownKey, wrongType } from "./key-problems.ts";
import { schemaAt } from "./schema-at.ts";

type Issue = z.core.$ZodIssue;

/**
 * The value the schema makes of the tree, with every problem added to `problems`.
 * Unknown keys are a problem, but do not keep the rest from being read.
 */
export function readWith<S extends z.ZodType>(
  schema: S,
  tree: Tree | undefined,
  path: FilePath,
  problems: Problem[],
): z.output<S> | undefined {
  const result = schema.safeParse(tree);
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap((issue) => inTheBranchMeant(issue, tree));
  for (const issue of issues) problems.push(...problemsOf(issue, schema, tree, path));
  const unknown = issues.filter((issue) => issue.code === "unrecognized_keys");
  if (tree === undefined || unknown.length === 0) return undefined;
  const known = unknown.reduce((left, issue) => withoutKeys(left, issue.path, issue.keys), tree);
  const again = schema.safeParse(known);
  return again.success ? again.data : undefined;
}

// All unions of the file are "a word or a map": what was written tells which was meant.
function inTheBranchMeant(issue: Issue, tree: Tree | undefined): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const value = treeAt(tree, issue.path);
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  const branch = (isMap ? issue.errors[1] : issue.errors[0]) ?? [];
  return branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function problemsOf(issue: Issue, schema: z.ZodType, tree: Tree | undefined, base: FilePath): Problem[] {
  const inner = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  const path = [...base, ...inner];
  if (issue.code === "unrecognized_keys") {
    const place = schemaAt(schema, inner);
    return issue.keys.map((key) => unknownKey([...path, key], place));
  }
  const fault: unknown = issue.code === "custom" ? issue.params?.["fault"] : undefined;
  if (fault instanceof Fault && fault.code !== "missing-key") {
    return [faultProblem(fault, path)];
  }
  const value = treeAt(tree, inner);
  return [
    value === undefined ? missingKey(path, schemaAt(schema, inner)) : wrongType(path, value, schemaAt(schema, inner)),
  ];
}

function treeAt(tree: Tree | undefined, path: readonly PropertyKey[]): Tree | undefined {
  let value: Tree | undefined = tree;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Array.isArray(value) ? value[Number(part)] : value[String(part)];
  }
  return value;
}

function withoutKeys(tree: Tree, path: readonly PropertyKey[], unknown: readonly string[]): Tree {
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) return tree;
  const [next, ...rest] = path;
  if (next !== undefined) {
    const child = tree[String(next)];
    return child === undefined ? tree : { ...tree, [String(next)]: withoutKeys(child, rest, unknown) };
  }
  const gone = new Set(unknown);
  return Object.fromEntries(Object.entries(tree).filter(([key]) => !gone.has(key)));
}
