import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, release, totalmem } from "node:os";
import { gunzipSync } from "node:zlib";

/** What the machine is, apart from its network. */
export interface Machine {
  readonly kernelRelease: string;
  readonly memoryBytes: number;
  /** CPUs this process may use. */
  readonly cpus: number;
}

/** Reads the kernel's release, memory and CPUs. */
export function readMachine(): Machine {
  return { kernelRelease: release(), memoryBytes: totalmem(), cpus: availableParallelism() };
}

/** How the kernel was configured, by symbol (`CONFIG_BONDING`): `y` built in, `m` a module; undefined if it is kept nowhere. */
export function readKernelConfig(): ReadonlyMap<string, string> | undefined {
  const text =
    readOptional("/proc/config.gz", true) ??
    readOptional(`/boot/config-${release()}`) ??
    readOptional(`/lib/modules/${release()}/config`);
  if (text === undefined) return undefined;
  return parseKernelConfig(text);
}

/** The symbols that are set in a kernel's .config file. */
export function parseKernelConfig(text: string): Map<string, string> {
  return new Map(Array.from(text.matchAll(/^(CONFIG_\w+)=(.*)$/gm), ([, symbol = "", value = ""]) => [symbol, value]));
}

/** Whether the kernel has a module's code now (`loaded`, or built in), could load it (`available`), or nobody can tell. */
export type ModuleState = "loaded" | "available" | "unknown";

/** The state of each module asked for; reads files only, loads nothing. */
export function readModules(names: readonly string[]): Map<string, ModuleState> {
  const builtIn = moduleNames(readOptional(`/lib/modules/${release()}/modules.builtin`) ?? "");
  const loadable = moduleNames(readOptional(`/lib/modules/${release()}/modules.dep`) ?? "");
  return new Map(
    names.map((name) => {
      if (existsSync(`/sys/module/${name}`) || builtIn.has(name)) return [name, "loaded"];
      return [name, loadable.has(name) ? "available" : "unknown"];
    }),
  );
}

/** Names in modules.dep or modules.builtin, with underscores as the kernel writes them. */
export function moduleNames(list: string): Set<string> {
  const names = new Set<string>();
  for (const [, name = ""] of list.matchAll(/^(?:[^:\n]*\/)?([^/:\n]+)\.ko(?:\.\w+)?(?::|$)/gm)) {
    names.add(name.replaceAll("-", "_"));
  }
  return names;
}

function readOptional(path: string, compressed = false): string | undefined {
  try {
    const bytes = readFileSync(path);
    return (compressed ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch {
    return undefined;
  }
}
