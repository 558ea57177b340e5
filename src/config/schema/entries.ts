import type { FastPathChoice } from "../gateway.ts";
import type * as z from "zod";
import { Fault } from "../fault.ts";
import { faultProblem, fileProblem } from "../file-problem.ts";
import { nearest } from "../nearest.ts";
import type { FilePath, Problem } from "../problem.ts";
import type { Tree } from "../source/read-tree.ts";
import { readName, readPoolName } from "../values/name.ts";
import { capacitySchema, type CapacityEntry } from "./capacity.ts";
import { fileSchema } from "./file.ts";
import { found, missingKey, unknownKey, wrongType } from "./key-problems.ts";
import { limitsSchema, type LimitsEntry } from "./limits.ts";
import { linkSchema, type LinkEntry } from "./links.ts";
import { poolSchema, type PoolEntry } from "./pools.ts";
import { readWith } from "./read-with.ts";
import { schemaAt } from "./schema-at.ts";
import {
  portForwardSchema,
  sourceNatSchema,
  staticNatSchema,
  twiceNatSchema,
  type PortForwardEntry,
  type SourceNatEntry,
  type StaticNatEntry,
  type TwiceNatEntry,
} from "./translations.ts";
import { uplinkSchema, type UplinkEntry } from "./uplinks.ts";

/** An entry that could be read, and where it stands. */
export interface Entry<T> {
  readonly path: FilePath;
  readonly value: T;
}

/** What could be read of a file, entry by entry. */
export interface FileEntries {
  readonly name: string;
  readonly links: readonly Entry<LinkEntry>[];
  readonly pools: readonly Entry<PoolEntry>[];
  readonly sourceNat: readonly Entry<SourceNatEntry>[];
  readonly portForwards: readonly Entry<PortForwardEntry>[];
  readonly staticNat: readonly Entry<StaticNatEntry>[];
  readonly twiceNat: readonly Entry<TwiceNatEntry>[];
  readonly uplinks: readonly Entry<UplinkEntry>[];
  readonly capacity: CapacityEntry;
  readonly limits: LimitsEntry | undefined;
  readonly fastPath: FastPathChoice;
  /** Names in the file, of entries that could not be read too; undefined when the section itself could not. */
  readonly linkNames: readonly string[] | undefined;
  readonly poolNames: readonly string[] | undefined;
  /** False when an entry could not be read: then nothing can be said about what is not in the file. */
  readonly isComplete: boolean;
}

/** Reads each entry of the file; what is wrong is added to `problems`. */
export function readEntries(tree: Tree, problems: Problem[]): FileEntries {
  const before = problems.length;
  const file = readTop(tree, problems);
  const shape = fileSchema.shape;
  const field = <S extends z.ZodType>(key: string, schema: S) => readWith(schema, file[key], [key], problems);
  // `version` and `name` have no path of their own when they are missing, so they are read as keys of the file.
  for (const key of ["version", "name", "links"] as const) {
    if (file[key] === undefined) problems.push(missingKey([key], schemaAt(shape[key], [])));
  }
  if (file["links"] === null) {
    problems.push(
      fileProblem("missing-value", ["links"], "no links are written here", "add one: wan: { interface: eth0 }"),
    );
  }
  if (file["version"] !== undefined) field("version", shape.version);
  const name = file["name"] === undefined ? undefined : field("name", shape.name);
  const fastPath = field("fast-path", shape["fast-path"]);
  const capacity = file["capacity"] === null ? undefined : field("capacity", capacitySchema.optional());
  const limits = file["limits"] === null ? undefined : field("limits", limitsSchema.optional());
  const entries = {
    name: name ?? "",
    links: readMap(file, "links", linkSchema, readName, problems),
    pools: readMap(file, "pools", poolSchema, readPoolName, problems),
    sourceNat: readList(file, "source-nat", sourceNatSchema, problems),
    portForwards: readList(file, "port-forwards", portForwardSchema, problems),
    staticNat: readList(file, "static-nat", staticNatSchema, problems),
    twiceNat: readList(file, "twice-nat", twiceNatSchema, problems),
    uplinks: readList(file, "uplinks", uplinkSchema, problems),
    capacity: capacity ?? {},
    limits,
    fastPath: fastPath ?? "off",
    linkNames: namesIn("links", tree),
    poolNames: namesIn("pools", tree),
  };
  return { ...entries, isComplete: problems.length === before };
}

function readTop(tree: Tree, problems: Problem[]): { [key: string]: Tree } {
  const place = schemaAt(fileSchema, []);
  if (!isMap(tree)) {
    problems.push(wrongType([], tree, place));
    // An empty map would only add that every key is missing.
    return { ...STAND_INS };
  }
  const file = { ...tree };
  for (const key of Object.keys(tree)) {
    if (place.keys.includes(key)) continue;
    problems.push(unknownKey([key], place));
    // A key under a misspelt name is not missing as well.
    const meant = nearest(key, place.keys);
    if (meant !== undefined) file[meant] ??= STAND_INS[meant] ?? null;
  }
  return file;
}

const STAND_INS: Readonly<Record<string, Tree>> = { version: "1", name: "unreadable", links: {} };

function readMap<S extends z.ZodType>(
  file: { [key: string]: Tree },
  section: string,
  schema: S,
  readKey: (text: string) => string | Fault,
  problems: Problem[],
): Entry<z.output<S>>[] {
  const tree = file[section];
  if (tree === undefined || tree === null) return [];
  if (!isMap(tree)) {
    problems.push(notSection([section], tree, "a map: a name, a colon and the entry's keys", schema));
    return [];
  }
  return Object.entries(tree).flatMap(([key, entry]) => {
    const path = [section, key];
    const name = readKey(key);
    if (name instanceof Fault) problems.push(faultProblem(name, path, "key"));
    // `lan:` alone is a link with nothing to say about it.
    const value = readWith(schema, entry === null && section === "links" ? {} : entry, path, problems);
    return value === undefined ? [] : [{ path, value }];
  });
}

function readList<S extends z.ZodType>(
  file: { [key: string]: Tree },
  section: string,
  schema: S,
  problems: Problem[],
): Entry<z.output<S>>[] {
  const tree = file[section];
  if (tree === undefined || tree === null) return [];
  if (!Array.isArray(tree)) {
    problems.push(notSection([section], tree, "a list: each entry begins with a dash", schema));
    return [];
  }
  return tree.flatMap((entry, index) => {
    const path = [section, index];
    const value = readWith(schema, entry, path, problems);
    return value === undefined ? [] : [{ path, value }];
  });
}

function notSection(path: FilePath, tree: Tree, wanted: string, schema: z.ZodType): Problem {
  const place = schemaAt(schema, []);
  const message = `${found(tree)} stands where ${String(path[0])} must be ${wanted}`;
  return fileProblem("wrong-type", path, message, `write ${place.title ?? "an entry"} with ${place.keys.join(", ")}`);
}

function namesIn(section: string, file: Tree): string[] | undefined {
  if (!isMap(file)) return undefined;
  const tree = file[section];
  if (isMap(tree)) return Object.keys(tree);
  const isMisspelt = Object.keys(file).some((key) => key !== section && nearest(key, [section]) !== undefined);
  return tree !== null && (tree !== undefined || isMisspelt) ? undefined : [];
}

function isMap(tree: Tree | undefined): tree is { [key: string]: Tree } {
  return typeof tree === "object" && tree !== null && !Array.isArray(tree);
}
