import type { SymbolTable } from "../../kernel/kallsyms.ts";
import type { StackCount } from "../../kernel/perf/stack-record.ts";

/** Samples by call stack: the frames from the outermost to the innermost, joined by semicolons. */
export type FoldedStacks = ReadonlyMap<string, number>;

/** The frame that stands for a processor with nothing to do, and for one in user space. */
export const IDLE = "[idle]";
export const USER = "[user space]";
export const HIDDEN = "[kernel]";

const IDLE_FUNCTIONS =
  /^(cpuidle_|default_idle|pv_native_safe_halt|native_safe_halt|do_idle|cpu_idle_poll|acpi_idle|intel_idle|mwait_idle|cpu_startup_entry)/;
/** Of the softirqs, which may well run on the way out of the idle loop. */
const WORK = /^(__do_softirq|handle_softirqs|do_softirq|net_rx_action|__napi_poll)/;

/** Folds stacks: addresses become names, the process's name is the outermost frame. */
export function foldStacks(stacks: readonly StackCount[], symbols: Pick<SymbolTable, "find">): Map<string, number> {
  const folded = new Map<string, number>();
  for (const { task, samples, frames } of stacks) {
    const names = frames.map((frame) => symbols.find(frame)?.name).map((name) => frameName(name));
    const key = [task.replaceAll(";", ":"), ...callers(names, task)].join(";");
    folded.set(key, (folded.get(key) ?? 0) + samples);
  }
  return folded;
}

/** Outermost first. A processor that only waits has one frame, whatever way it got there. */
function callers(names: readonly string[], task: string): string[] {
  if (names.length === 0) return [USER];
  const isIdle = task.startsWith("swapper") && names.some((name) => IDLE_FUNCTIONS.test(name));
  if (isIdle && !names.some((name) => WORK.test(name))) return [IDLE];
  return names.toReversed();
}

function frameName(name: string | undefined): string {
  return name === undefined ? HIDDEN : displayName(name);
}

/** An eBPF program's symbol is `bpf_prog_TAG_NAME`: its name says more than its tag. */
export function displayName(symbol: string): string {
  const [, program] = /^bpf_prog_[0-9a-f]{16}_(.+)$/.exec(symbol) ?? [];
  return program === undefined ? symbol : `eBPF:${program}`;
}

/** The text of folded stacks, one a line with its samples, as flame graph programs read them. */
export function writeFolded(stacks: FoldedStacks): string {
  return [...stacks]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([stack, samples]) => `${stack} ${samples}\n`)
    .join("");
}

/** Reads folded stacks; throws a RangeError that names the first line that is none. */
export function readFolded(text: string): Map<string, number> {
  const stacks = new Map<string, number>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, stack, samples] = /^(.+) (\d+)$/.exec(line.trimEnd()) ?? [];
    if (stack === undefined) throw new RangeError(`line ${index + 1} is no folded stack: ${line.slice(0, 60)}`);
    stacks.set(stack, (stacks.get(stack) ?? 0) + Number(samples));
  }
  return stacks;
}
