import { readdirSync } from "node:fs";
import { extname } from "node:path";
import type { Fault } from "./fault.ts";

const FOLDER = new URL("./faults/", import.meta.url);

/** Loads every file of src/lab/drill/faults: a fault is known by being there. */
export async function loadFaults(): Promise<Fault[]> {
  const ending = extname(import.meta.url);
  const files = readdirSync(FOLDER)
    .filter((name) => extname(name) === ending && !name.endsWith(".d.ts"))
    .toSorted();
  return await Promise.all(
    files.map(async (name) => ((await import(new URL(name, FOLDER).href)) as { readonly fault: Fault }).fault),
  );
}

/** Loads the fault of one file, by its name without the ending: `rule-drop.legacy`. */
export async function loadFault(name: string): Promise<Fault> {
  const file = new URL(`${name}${extname(import.meta.url)}`, FOLDER);
  return ((await import(file.href)) as { readonly fault: Fault }).fault;
}
