import type { CounterSignal } from "../../diagnose/signals.ts";
import { changeOf, type Reading } from "../counters/reading.ts";

/** Two readings of all counters, so many seconds apart, as the doctor wants them. */
export function counterSignals(
  before: Readonly<Record<string, Reading>>,
  after: Readonly<Record<string, Reading>>,
  seconds: number,
): Record<string, CounterSignal> {
  return Object.fromEntries(
    Object.entries(after).map(([name, reading]) => [name, signalOf(before[name], reading, seconds)]),
  );
}

/** The readings that signals were made from. */
export function readingsOf(counters: Readonly<Record<string, CounterSignal>>): Record<string, Reading> {
  return Object.fromEntries(
    Object.entries(counters).map(([name, { kind, bits, value, cpus }]): [string, Reading] => [
      name,
      { kind, bits: bits ?? 64, value, ...(cpus === undefined ? {} : { cpus }) },
    ]),
  );
}

function signalOf(before: Reading | undefined, after: Reading, seconds: number): CounterSignal {
  const { delta } = changeOf(before, after, seconds);
  const { kind, value, cpus } = after;
  const cpuDeltas = cpus === undefined ? undefined : deltasByCpu(before, after, seconds);
  return {
    kind,
    value,
    ...(after.bits === 32 ? { bits: 32 } : {}),
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
