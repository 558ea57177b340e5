/** One counter or level of the kernel at one moment. */
export interface Reading {
  /** A counter only goes up, from when the kernel or the thing it belongs to began; a gauge is a level. */
  readonly kind: "counter" | "gauge";
  /** A counter of 32 bits starts again at 0 after 4,294,967,295; one of 64 never gets there. */
  readonly bits: 32 | 64;
  /** With `cpus`, their sum: of 32-bit counters it may go down when one of them starts again. */
  readonly value: number;
  /** By CPU number, where the kernel counts so. */
  readonly cpus?: Readonly<Record<number, number>>;
}

/** What became of a reading between two moments. */
export interface Change {
  /** For gauges it may be negative. Undefined: there is no earlier value, or the counter was made anew meanwhile. */
  readonly delta: number | undefined;
  readonly perSecond: number | undefined;
}

/** Four times what a CPU could count if it did nothing else. */
const IMPOSSIBLE_PER_SECOND = 1e9;

const NOTHING: Change = { delta: undefined, perSecond: undefined };

/**
 * What happened between two readings of the same name, `seconds` apart. 32-bit counters are taken modulo 2^32, each
 * CPU by itself: right as long as a CPU counts less than 4,294,967,296 in the interval. CPUs that only one of both has
 * (switched on or off) count from 0 or not at all.
 */
export function changeOf(before: Reading | undefined, after: Reading, seconds: number): Change {
  if (before === undefined || before.kind !== after.kind || before.bits !== after.bits) return NOTHING;
  const delta = after.kind === "gauge" ? after.value - before.value : counterDelta(before, after, seconds);
  if (delta === undefined) return NOTHING;
  return { delta, perSecond: seconds > 0 ? delta / seconds : undefined };
}

function counterDelta(before: Reading, after: Reading, seconds: number): number | undefined {
  if (after.cpus === undefined || before.cpus === undefined)
    return step(before.value, after.value, after.bits, seconds);
  let sum = 0;
  for (const [cpu, value] of Object.entries(after.cpus)) {
    const delta = step(before.cpus[Number(cpu)] ?? 0, value, after.bits, seconds);
    if (delta === undefined) return undefined;
    sum += delta;
  }
  return sum;
}

/**
 * A 64-bit counter that goes down was made anew: the interface, rule or namespace is another one. With 32 bits that
 * looks like a wrap, and is told from one by a rate that no CPU reaches.
 */
function step(before: number, after: number, bits: 32 | 64, seconds: number): number | undefined {
  if (after >= before) return after - before;
  if (bits === 64) return undefined;
  const delta = (after - before) >>> 0;
  return delta > IMPOSSIBLE_PER_SECOND * seconds ? undefined : delta;
}

/** Makes a counter out of its values by CPU. */
export function perCpu(cpus: Readonly<Record<number, number>>, bits: 32 | 64): Reading {
  const value = Object.values(cpus).reduce((sum, part) => sum + part, 0);
  return { kind: "counter", bits, value, cpus };
}

/** Makes a counter of one value. */
export function counter(value: number, bits: 32 | 64 = 64): Reading {
  return { kind: "counter", bits, value };
}

/** Makes a level. */
export function gauge(value: number): Reading {
  return { kind: "gauge", bits: 64, value };
}
