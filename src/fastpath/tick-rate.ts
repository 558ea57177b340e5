import type { BpfProgram } from "../kernel/bpf/program.ts";
import { waitFor } from "../kernel/wait.ts";

/** What kernels are built with (CONFIG_HZ). */
const RATES = [100, 250, 300, 1000] as const;
const MEASURED_MS = 100;
/** Any frame will do: the program only looks at the clock. */
const FRAME = new Uint8Array(64);

/** How many ticks of the kernel's timers make a second: measured, because no file says so on every machine. */
export function measureTickRate(clock: BpfProgram): number {
  const before = clock.testRun(FRAME).verdict;
  const start = process.hrtime.bigint();
  waitFor(MEASURED_MS);
  const ticks = (clock.testRun(FRAME).verdict - before) >>> 0;
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  return nearestRate(ticks / seconds);
}

/** The rate that a measured number of ticks a second must stand for. */
export function nearestRate(measured: number): number {
  const off = (rate: number): number => Math.abs(Math.log(measured / rate));
  return RATES.reduce((best, rate) => (off(rate) < off(best) ? rate : best));
}
