import type { NamespaceName } from "../kernel/namespace.ts";
import { endThread, startThread } from "../kernel/thread.ts";
import type { Observation } from "./model.ts";

/** What the thread is told at its start; plain data. */
export interface SensorSetup {
  readonly namespace: NamespaceName;
  /** Seconds from one reading to the next. */
  readonly interval: number;
}

/**
 * Reads counters, drops and processors in a thread of its own, so that keys are answered also when the kernel is not
 * quick to. Gives the function that ends it; `failed` is told if it ends by itself.
 */
export function startSensors(
  setup: SensorSetup,
  see: (seen: Observation) => void,
  failed: (error: Error) => void,
): () => Promise<void> {
  const thread = startThread("./sensor-worker", import.meta.url, setup);
  thread.on("message", see).on("error", failed);
  return async () => {
    thread.off("message", see);
    // What it had open the kernel closes with the process, which is about to end.
    await endThread(thread);
  };
}
