import { readKernelSymbols, type SymbolTable } from "../../kernel/kallsyms.ts";
import { Profiler } from "../../kernel/perf/profiler.ts";
import { foldStacks, type FoldedStacks } from "./fold.ts";
import { summarize, type ProfileSummary } from "./summary.ts";

/** Samples a second and processor: enough for whole percents over a few seconds, and next to no cost. */
const FREQUENCY = 49;
/** The kernel keeps 16,384 different stacks: begin anew long before. */
const MOST_STACKS = 4096;

/** What processors do, from one call to the next, from its making until `close`. */
export class ShareWatch {
  readonly #symbols: SymbolTable;
  #profiler: Profiler;
  #before: FoldedStacks = new Map();

  /** Throws what Profiler throws. */
  constructor() {
    this.#profiler = new Profiler(FREQUENCY);
    this.#symbols = readKernelSymbols();
  }

  /** True if the kernel hides its names: nothing can be said about NAT then. */
  get isBlind(): boolean {
    return this.#symbols.size === 0;
  }

  /** The time since the last call; `parts` and `functions` with it. */
  next(): ProfileSummary {
    const { stacks } = this.#profiler.read();
    const now = foldStacks(stacks, this.#symbols);
    const summary = summarize(difference(this.#before, now));
    this.#before = now;
    if (stacks.length > MOST_STACKS) this.#again();
    return summary;
  }

  close(): void {
    this.#profiler.close();
  }

  #again(): void {
    this.#profiler.close();
    this.#profiler = new Profiler(FREQUENCY);
    this.#before = new Map();
  }
}

function difference(before: FoldedStacks, now: FoldedStacks): FoldedStacks {
  const stacks = new Map<string, number>();
  for (const [stack, samples] of now) {
    const more = samples - (before.get(stack) ?? 0);
    if (more > 0) stacks.set(stack, more);
  }
  return stacks;
}
