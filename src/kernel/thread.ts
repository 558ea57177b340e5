import { extname } from "node:path";
import { Worker, type ResourceLimits } from "node:worker_threads";
import { ownModule } from "./own-module.ts";

/**
 * Starts a thread that runs one of our own modules, given without its extension and relative to `base`
 * (`import.meta.url` of the caller). From a build that is a .js file. From sources it is a .ts file, and tsx, which made
 * the caller run, must be asked again: Node.js 20 does not carry its hooks into threads. `resourceLimits`: of its memory.
 */
export function startThread(
  module: string,
  base: string,
  workerData: unknown,
  resourceLimits: ResourceLimits = {},
): Worker {
  const file = ownModule(module, base);
  if (extname(base) === ".js") return new Worker(file, { workerData, resourceLimits });
  const hooks = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const start = `import(${hooks}).then(({ register }) => (register(), import(${JSON.stringify(file.href)})));`;
  return new Worker(start, { eval: true, workerData, resourceLimits });
}
