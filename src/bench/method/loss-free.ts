/** What came of a trial at one rate. */
export interface RateTrial {
  /** Packets offered per second. */
  readonly rate: number;
  readonly sent: number;
  readonly received: number;
  /** The rate at which they were really sent: a sender that cannot keep up has not offered the rate. */
  readonly offered: number;
}

/** A sender waits for the clock between bursts, so the last one may be a little late. */
const KEPT_UP = 0.99;

/** The search for the highest rate without loss. */
export interface LossFreeOptions {
  /** Packets a second: where to look. A rate below `lowest` is reported as 0. */
  readonly lowest: number;
  readonly highest: number;
  /** The search ends when the two rates are this close, as a share of the higher one. */
  readonly resolution: number;
  readonly trial: (rate: number) => Promise<Omit<RateTrial, "rate">>;
  readonly signal?: AbortSignal | undefined;
}

/** The highest rate at which every packet arrived. */
export interface LossFree {
  /** Packets a second; 0 if not even the lowest was carried. */
  readonly rate: number;
  /** The lowest rate that was not carried; undefined if the highest was. */
  readonly lossAt: number | undefined;
  readonly trials: readonly RateTrial[];
}

/**
 * Throughput as RFC 2544 section 26.1 defines it, which RFC 8219 section 7.1 takes over: the highest rate at which as
 * many packets arrive as were sent, found by halving. One lost packet is loss.
 */
export async function searchLossFree(options: LossFreeOptions): Promise<LossFree> {
  const { lowest, highest, resolution, trial, signal } = options;
  if (!(lowest > 0) || !(highest >= lowest) || !(resolution > 0 && resolution < 1)) {
    throw new RangeError(`cannot search from ${lowest} to ${highest} packets a second to within ${resolution}`);
  }
  const trials: RateTrial[] = [];
  const isLossFree = async (rate: number): Promise<boolean> => {
    signal?.throwIfAborted();
    const { sent, received, offered } = await trial(rate);
    trials.push({ rate, sent, received, offered });
    return received >= sent && offered >= rate * KEPT_UP;
  };
  if (await isLossFree(highest)) return { rate: highest, lossAt: undefined, trials };
  if (!(await isLossFree(lowest))) return { rate: 0, lossAt: lowest, trials };
  let without = lowest;
  let withLoss = highest;
  while (withLoss - without > resolution * withLoss) {
    const middle = (without + withLoss) / 2;
    if (await isLossFree(middle)) without = middle;
    else withLoss = middle;
  }
  return { rate: without, lossAt: withLoss, trials };
}
