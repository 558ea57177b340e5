import { readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FailureMode } from "../diagnose/failure-mode.ts";
import { diagnose, type Report } from "../diagnose/report.ts";
import type { Signals } from "../diagnose/signals.ts";
import { gatherSignals, type GatherOptions } from "./signals/gather.ts";

/** What the doctor says, and what it saw. */
export interface Examination {
  readonly report: Report;
  readonly signals: Signals;
}

/** How long to watch if nobody says. */
export const USUAL_SECONDS = 3;

/** Gathers the signals of a namespace and looks for every failure mode in them. Changes nothing. */
export async function examine(options: GatherOptions): Promise<Examination> {
  const modes = loadModes();
  const signals = await gatherSignals(options);
  return { report: diagnose(await modes, signals), signals };
}

const FOLDER = fileURLToPath(new URL("../diagnose/modes/", import.meta.url));

/** Loads every file of src/diagnose/modes: a mode is known by being there, and is listed nowhere else. */
export async function loadModes(): Promise<FailureMode[]> {
  const ending = extname(import.meta.url);
  const files = readdirSync(FOLDER)
    .filter((name) => extname(name) === ending && !name.includes(".test.") && !name.endsWith(".d.ts"))
    .toSorted();
  return await Promise.all(
    files.map(async (name) => {
      const { mode } = (await import(join(FOLDER, name))) as { readonly mode: FailureMode };
      return mode;
    }),
  );
}
