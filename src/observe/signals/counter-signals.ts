import type { CounterSignal } from "../../diagnose/signals.ts";
import { changeOf, type Reading } from "../counters/reading.ts";
import type { CounterSnapshot } from "../counters/snapshot.ts";

/** Two snapshots as the doctor wants them. */
export function counterSignals(before: CounterSnapshot, after: CounterSnapshot): Record<string, CounterSignal> {
  const seconds = (after.clock - before.clock) / 1000;
  return Object.fromEntries(
    Object.entries(after.readings).map(([name, reading]) => [name, signalOf(before.readings[name], reading, seconds)]),
  );
}

function signalOf(before: Reading | undefined, after: Reading, seconds: number): CounterSignal {
  const { delta } = changeOf(before, after, seconds);
  const { kind, value, cpus } = after;
  const cpuDeltas = cpus === undefined ? undefined : deltasByCpu(before, after, seconds);
  return {
    kind,
    value,
    ...(delta === undefined ? {} : { delta }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(cpuDeltas === undefined ? {} : { cpuDeltas }),
  };
}

function deltasByCpu(before: Reading | undefined, after: Reading, seconds: number): Record<number, number> | undefined {
  if (before?.cpus === undefined || after.cpus === undefined || after.kind === "gauge") return undefined;
  const deltas: Record<number, number> = {};
  for (const [cpu, value] of Object.entries(after.cpus)) {
    const one = (part: number): Reading => ({ kind: "counter", bits: after.bits, value: part });
    const { delta } = changeOf(one(before.cpus[Number(cpu)] ?? 0), one(value), seconds);
    if (delta !== undefined) deltas[Number(cpu)] = delta;
  }
  return deltas;
}
