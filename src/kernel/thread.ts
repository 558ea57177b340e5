import { extname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker, workerData, type ResourceLimits } from "node:worker_threads";
import { closeGate, closeGateNow, newGate, type Gate, type ThreadStart } from "./ffi/gate.ts";
import { ownModule } from "./own-module.ts";

/** The threads that live, each with its gate to foreign functions. */
const gates = new Map<Worker, Gate>();
const LOOK_EVERY_MS = 2;
/** No foreign call that a thread makes waits longer without being able to be told to stop. */
const LONGEST_CALL_MS = 2000;

/**
 * Starts a thread that runs one of our own modules, given without its extension and relative to `base`
 * (`import.meta.url` of the caller). From a build that is a .js file. From sources it is a .ts file, and tsx, which made
 * the caller run, must be asked again: Node.js 20 does not carry its hooks into threads. The module finds `setup` by
 * `threadSetup`. `resourceLimits`: of its memory. End it with `endThread`, never with its own `terminate`.
 */
export function startThread(module: string, base: string, setup: unknown, resourceLimits: ResourceLimits = {}): Worker {
  const start: ThreadStart = { setup, gate: newGate() };
  const thread = newWorker(ownModule(module, base), base, { workerData: start, resourceLimits });
  if (gates.size === 0) process.on("exit", closeAllGates);
  gates.set(thread, start.gate);
  thread.on("exit", () => {
    gates.delete(thread);
    if (gates.size === 0) process.off("exit", closeAllGates);
  });
  return thread;
}

/** What `startThread` was given, for the module that runs in the thread. */
export function threadSetup(): unknown {
  return (workerData as ThreadStart).setup;
}

/** Ends a thread as soon as it is not in a foreign function; what it had open stays open until the process ends. */
export async function endThread(thread: Worker): Promise<void> {
  for (;;) {
    const gate = gates.get(thread);
    if (gate === undefined || closeGate(gate)) break;
    await sleep(LOOK_EVERY_MS);
  }
  await thread.terminate();
}

/** Threads that still live when the process ends are ended by Node.js without asking. */
function closeAllGates(): void {
  for (const gate of gates.values()) closeGateNow(gate, LONGEST_CALL_MS);
}

function newWorker(
  file: URL,
  base: string,
  options: { workerData: ThreadStart; resourceLimits: ResourceLimits },
): Worker {
  if (extname(base) === ".js") return new Worker(file, options);
  const hooks = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const start = `import(${hooks}).then(({ register }) => (register(), import(${JSON.stringify(file.href)})));`;
  return new Worker(start, { eval: true, ...options });
}
