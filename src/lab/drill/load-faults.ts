import { readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Fault } from "./fault.ts";

const FOLDER = fileURLToPath(new URL("./faults/", import.meta.url));

/** Loads every file of src/lab/drill/faults: a fault is known by being there. */
export async function loadFaults(): Promise<Fault[]> {
  const ending = extname(import.meta.url);
  const files = readdirSync(FOLDER)
    .filter((name) => extname(name) === ending && !name.endsWith(".d.ts"))
    .toSorted();
  return await Promise.all(
    files.map(async (name) => ((await import(join(FOLDER, name))) as { readonly fault: Fault }).fault),
  );
}

/** Loads the fault of one file, by its name without the ending: `rule-drop.legacy`. */
export async function loadFault(name: string): Promise<Fault> {
  const file = join(FOLDER, `${name}${extname(import.meta.url)}`);
  return ((await import(file)) as { readonly fault: Fault }).fault;
}
