import { readFileSync } from "node:fs";
import { kernelErrorFromNode } from "../ffi/errno.ts";

/** The kernel counts for programs in hundredths of a second, whatever its own clock. */
const MS_PER_TICK = 10;
/** Columns of a line of /proc/stat, behind its name. */
const COLUMNS = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"] as const;

/** How a CPU has spent its time since boot, in milliseconds. */
export interface CpuTime {
  readonly cpu: number;
  /** Taking packets in, and other work put off by interrupts. */
  readonly softirq: number;
  /** Doing anything at all. */
  readonly busy: number;
}

/** Of the CPUs that are on. */
export function readCpuTimes(): CpuTime[] {
  try {
    return parseCpuTimes(readFileSync("/proc/stat", "utf8"));
  } catch (error) {
    throw kernelErrorFromNode("read /proc/stat", error);
  }
}

/** Reads the lines `cpu0 ...` of /proc/stat; that of all CPUs together is left out. */
export function parseCpuTimes(text: string): CpuTime[] {
  return Array.from(text.matchAll(/^cpu(\d+) (.*)$/gm), ([, cpu, line = ""]) => {
    const ticks = line.trim().split(/\s+/).map(Number);
    const of = (column: (typeof COLUMNS)[number]): number => ticks[COLUMNS.indexOf(column)] ?? 0;
    const busy = of("user") + of("nice") + of("system") + of("irq") + of("softirq") + of("steal");
    return { cpu: Number(cpu), softirq: of("softirq") * MS_PER_TICK, busy: busy * MS_PER_TICK };
  });
}
