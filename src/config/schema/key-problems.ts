import { quote } from "../fault.ts";
import { nearest } from "../nearest.ts";
import { fileProblem, type FileProblem } from "../file-problem.ts";
import type { FilePath } from "../problem.ts";
import type { Tree } from "../source/read-tree.ts";
import type { SchemaPlace } from "./schema-at.ts";

// Keys people bring along from elsewhere, and what to do instead.
const ELSEWHERE: Readonly<Record<string, string>> = {
  "<<": "write the keys out: merging maps is not part of YAML 1.2",
};

/** A key that means nothing at its place. */
export function unknownKey(path: FilePath, place: SchemaPlace): FileProblem {
  const key = String(path.at(-1));
  const near = nearest(key, place.keys);
  const hint = Object.hasOwn(ELSEWHERE, key) ? ELSEWHERE[key] : undefined;
  const fix = hint ?? (near === undefined ? `use its keys: ${place.keys.join(", ")}` : `write ${near}`);
  return fileProblem("unknown-key", path, `${quote(key)} is not a key of ${place.title ?? "this map"}`, fix, "key");
}

/** A key that must be there; shown at the map that lacks it. */
export function missingKey(path: FilePath, place: SchemaPlace): FileProblem {
  const key = String(path.at(-1));
  const value = place.example ?? (place.required.length === 0 ? "" : `{ ${place.required.join(": ..., ")}: ... }`);
  const fix = `add ${key}: ${value}`.trimEnd();
  return fileProblem("missing-key", path, `the key ${quote(key)} is missing here`, fix);
}

/** A list, map or single value where another of the three must be. */
export function wrongType(path: FilePath, value: Tree, place: SchemaPlace): FileProblem {
  const what = place.title ?? "this";
  const keys = place.keys.join(", ");
  if (value === null) {
    const message = `nothing is written here; ${what} needs ${place.required.join(", ")}`;
    return fileProblem("missing-value", path, message, "write its keys, or delete it");
  }
  const fix = keys === "" ? "write one value" : `write its keys, indented below it or in braces: ${keys}`;
  return fileProblem("wrong-type", path, `${found(value)} stands where ${what} must be`, fix);
}

/** What stands in the file, in a few words. */
export function found(value: Tree): string {
  if (value === null) return "nothing";
  if (typeof value === "string") return `the text ${quote(value)}`;
  return Array.isArray(value) ? "a list" : "a map";
}
