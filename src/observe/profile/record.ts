import { setTimeout as sleep } from "node:timers/promises";
import { readKernelSymbols, whySymbolsAreHidden } from "../../kernel/kallsyms.ts";
import { Profiler } from "../../kernel/perf/profiler.ts";
import { foldStacks, type FoldedStacks } from "./fold.ts";

/** A profile as recorded. */
export interface Recording {
  readonly stacks: FoldedStacks;
  readonly cpus: number;
  readonly seconds: number;
  readonly samples: number;
  /** Samples whose stack found no room. */
  readonly lost: number;
  /** What cannot be seen here and why, in sentences. */
  readonly limits: readonly string[];
}

/** Samples all processors for a time; the signal ends it early. Throws what Profiler throws. */
export async function recordProfile(seconds: number, frequency: number, signal: AbortSignal): Promise<Recording> {
  const profiler = new Profiler(frequency);
  const start = performance.now();
  try {
    // Ended early is an end like any other: what was sampled so far is shown.
    await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
    profiler.stop();
    const elapsed = (performance.now() - start) / 1000;
    const { stacks, samples, lost } = profiler.read();
    // After sampling: eBPF programs loaded meanwhile have names, too.
    const symbols = readKernelSymbols();
    const limits = symbols.size > 0 ? [] : [whySymbolsAreHidden()];
    return { stacks: foldStacks(stacks, symbols), cpus: profiler.cpus.length, seconds: elapsed, samples, lost, limits };
  } finally {
    profiler.close();
  }
}
