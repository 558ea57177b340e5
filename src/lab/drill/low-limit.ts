import { setTimeout as sleep } from "node:timers/promises";
import { LabError } from "../error.ts";
import type { Scene } from "./scene.ts";

/** Long enough for most labs that need the limit as it is. */
const PATIENCE_MS = 60_000;
const STEP_MS = 200;

/**
 * Holds a limit of the host low for the scene, which puts it back when it ends. Waits for labs that need it as it is;
 * throws `limit-in-use` after a minute.
 */
export async function holdLow(scene: Scene, name: string, limit: number): Promise<void> {
  const patient = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      scene.lab.lowerLimit(name, limit);
      return;
    } catch (error) {
      if (!(error instanceof LabError) || error.code !== "limit-in-use" || performance.now() > patient) throw error;
      await sleep(STEP_MS);
    }
  }
}
