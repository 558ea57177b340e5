import { cpus, loadavg } from "node:os";
import { readMachine } from "../../kernel/proc.ts";

/** The machine and the hour, so that nobody compares figures of two machines unawares. */
export interface Conditions {
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Processes that ran or waited for a CPU at the start, over the minute before. */
  readonly load: number;
  /** ISO 8601. */
  readonly started: string;
  /** Of the order of trials and of the connections. */
  readonly seed: number;
}

/** The machine as it is now. */
export function readConditions(seed: number): Conditions {
  const machine = readMachine();
  return {
    kernel: machine.kernelRelease,
    cpu: cpus()[0]?.model.trim() ?? "unknown CPU",
    cpus: machine.cpus,
    memoryBytes: machine.memoryBytes,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    started: new Date().toISOString(),
    seed,
  };
}

/** One line for people. */
export function conditionsLine({ kernel, cpu, cpus: count, memoryBytes, load, started, seed }: Conditions): string {
  const memory = `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  return `Linux ${kernel}, ${count} x ${cpu}, ${memory}, load ${load.toFixed(2)} at the start, ${started}, seed ${seed}`;
}
