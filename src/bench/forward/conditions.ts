import { mixWords, type Mix } from "./order.ts";
import type { TrialLength } from "./trial.ts";

/** What is measured at a time: which connections are used, and how many there are in the table. */
export interface ForwardCondition {
  readonly mix: Mix;
  /** Connections in the table, those of the mix among them. */
  readonly table: number;
  readonly length: TrialLength;
}

const SHORT: TrialLength = { warmUp: 300, measured: 700 };
/** How often all connections come round before it counts: one that comes every few seconds takes time to be seen. */
const ROUNDS_TO_LEARN = 3;
const MILLION = 1_000_000;
const LONG: TrialLength = { warmUp: 2000, warmUpPackets: ROUNDS_TO_LEARN * MILLION, measured: 1500 };
const EXPONENT = 1.1;
const THOUSAND: Mix = { kind: "even", connections: 1000 };

/** All of it; the table only grows. */
export const WHOLE: readonly ForwardCondition[] = [
  { mix: THOUSAND, table: 1000, length: SHORT },
  { mix: THOUSAND, table: 100_000, length: SHORT },
  { mix: THOUSAND, table: MILLION, length: SHORT },
  { mix: { kind: "even", connections: MILLION }, table: MILLION, length: LONG },
  { mix: { kind: "zipf", connections: MILLION, exponent: EXPONENT }, table: MILLION, length: LONG },
  { mix: THOUSAND, table: 4 * MILLION, length: SHORT },
  { mix: THOUSAND, table: 10 * MILLION, length: SHORT },
];

/** Nothing but so many connections, in random order or in a Zipf mix. */
export function onlyWith(connections: number, zipf: boolean): ForwardCondition {
  const mix: Mix = zipf ? { kind: "zipf", connections, exponent: EXPONENT } : { kind: "even", connections };
  return {
    mix,
    table: connections,
    length: connections < MILLION / 10 ? SHORT : { ...LONG, warmUpPackets: ROUNDS_TO_LEARN * connections },
  };
}

/** What can be had in a minute. */
export const QUICK: readonly ForwardCondition[] = [
  { mix: THOUSAND, table: 1000, length: { warmUp: 80, measured: 150 } },
  {
    mix: { kind: "zipf", connections: 100_000, exponent: EXPONENT },
    table: 100_000,
    length: { warmUp: 250, measured: 150 },
  },
];

/** The condition in words. */
export function conditionWords({ mix, table }: Pick<ForwardCondition, "mix" | "table">): string {
  return table === mix.connections ? mixWords(mix) : `${mixWords(mix)}, ${table.toLocaleString("en")} in the table`;
}
