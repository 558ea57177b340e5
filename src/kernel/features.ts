import { KernelError } from "./error.ts";
import { CATALOGUE, type FeatureDefinition } from "./features/catalogue.ts";
import { moduleForbiddenBy } from "./module.ts";
import { inNamespace, inThrowawayNamespace, type NamespaceName } from "./namespace.ts";
import { readKernelConfig, readModules, type ModuleState } from "./proc.ts";

/** Something the kernel may have or not. */
export interface Feature {
  /** Stable, for scripts: `nf-tables`. */
  readonly id: string;
  readonly title: string;
  /** `unknown` when only root may ask. */
  readonly present: boolean | "unknown";
  /** What brings it: module, symbol of the kernel's configuration, package. */
  readonly needs: string;
  /** What is lost without it. */
  readonly without: string;
  /** How the answer was found, where that is not plain: a module not loaded yet, or what the kernel said. */
  readonly detail?: string;
}

/**
 * Asks this kernel what it has. Nothing lasts: no module is loaded, and what must be made to find out is made in a
 * namespace of its own that is gone at the end. Without permission the kernel's configuration is asked instead, and if
 * that is not to be had the answer is `unknown`.
 */
export function probeFeatures(namespace: NamespaceName): Feature[] {
  const modules = readModules([...new Set(CATALOGUE.flatMap((definition) => definition.modules ?? []))]);
  const config = readKernelConfig();
  return inNamespace(namespace, () => CATALOGUE.map((definition) => probeFeature(definition, modules, config)));
}

/** Asks for one feature of the catalogue by its id; false only if it is known to be missing. */
export function hasFeature(id: string): boolean {
  const definition = CATALOGUE.find((candidate) => candidate.id === id);
  if (definition === undefined) throw new RangeError(`no feature ${id}`);
  return probeFeature(definition, readModules(definition.modules ?? []), readKernelConfig()).present !== false;
}

/** One feature; exported for the tests. */
export function probeFeature(
  definition: FeatureDefinition,
  modules: ReadonlyMap<string, ModuleState>,
  config: ReadonlyMap<string, string> | undefined,
): Feature {
  const { id, title, without } = definition;
  const { present, detail } = answer(definition, modules, config);
  return { id, title, present, needs: needsOf(definition), without, ...(detail === undefined ? {} : { detail }) };
}

interface Answer {
  readonly present: boolean | "unknown";
  readonly detail?: string;
}

function answer(
  definition: FeatureDefinition,
  modules: ReadonlyMap<string, ModuleState>,
  config: ReadonlyMap<string, string> | undefined,
): Answer {
  // Asking the kernel for what a module brings would load it, and it would stay (bonding even makes a bond0).
  const waiting = (definition.modules ?? []).filter((name) => modules.get(name) === "available");
  if (waiting.length > 0) {
    const missing = missingSymbols(definition, config);
    if (missing !== undefined) return missing;
    for (const name of waiting) {
      const line = moduleForbiddenBy(name);
      if (line !== undefined) return { present: false, detail: `modprobe.d forbids module ${name}: ${line}` };
    }
    return { present: true, detail: `not loaded yet: ${waiting.join(", ")}` };
  }
  try {
    const found = definition.where === "namespace" ? inThrowawayNamespace(definition.probe) : definition.probe();
    return { present: found !== false };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    if (error.code === "kernel-permission") return fromConfig(definition, config);
    if (error.code === "program-missing") return { present: "unknown", detail: `${error.message}; ${error.remedy}` };
    return { present: false, detail: firstLine(error.message) };
  }
}

function fromConfig(definition: FeatureDefinition, config: ReadonlyMap<string, string> | undefined): Answer {
  if (config === undefined) return { present: "unknown", detail: "needs root" };
  return (
    missingSymbols(definition, config) ?? {
      present: true,
      detail: "by the kernel's configuration; trying it needs root",
    }
  );
}

function missingSymbols(
  definition: FeatureDefinition,
  config: ReadonlyMap<string, string> | undefined,
): Answer | undefined {
  const missing = definition.config.filter((symbol) => config?.has(symbol) === false);
  if (missing.length === 0) return undefined;
  return { present: false, detail: `the kernel was built without ${missing.join(", ")}` };
}

function needsOf(definition: FeatureDefinition): string {
  const parts: string[] = [];
  if (definition.modules !== undefined) parts.push(`modules ${definition.modules.join(", ")}`);
  parts.push(definition.config.join(", "));
  if (definition.also !== undefined) parts.push(definition.also);
  return parts.join("; ");
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
