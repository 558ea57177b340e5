/** Where the values of an axis lie on the page. */
export interface Scale {
  /** Of a value, in the chart's units of length. */
  readonly at: (value: number) => number;
  /** Values to write along the axis, ascending. */
  readonly ticks: readonly number[];
}

/** An axis: from and to are places, of the lowest and the highest value. */
export interface ScaleOptions {
  readonly values: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly logarithmic: boolean;
}

const MOST_TICKS = 6;
/** Of the values: what is closer together lies on one point, and a number has no digits left for ticks between. */
const CLOSE = 1e-6;

/** Lays an axis out so that it holds all values and its ends are round. */
export function scaleOf(options: ScaleOptions): Scale {
  return options.logarithmic ? logarithmicScale(options) : linearScale(options);
}

function linearScale({ values, from, to }: ScaleOptions): Scale {
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  const step = roundStep((span > Math.abs(low) * CLOSE ? span : Math.max(Math.abs(low), 1)) / MOST_TICKS);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil((low + span) / step));
  // By multiplication: adding 0.1 ten times gives less than 1.
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return { at: (value) => from + ((value / step - first) / (last - first)) * (to - from), ticks };
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10) * power;
}

/** Powers of ten; a value that has no logarithm lies at the lower end. */
function logarithmicScale({ values, from, to }: ScaleOptions): Scale {
  const positive = values.filter((value) => value > 0);
  const low = positive.length === 0 ? 0 : Math.floor(Math.log10(Math.min(...positive)));
  const high = Math.max(low + 1, ...positive.map((value) => Math.ceil(Math.log10(value))));
  const at = (value: number): number => {
    const exponent = value > 0 ? Math.max(low, Math.log10(value)) : low;
    return from + ((exponent - low) / (high - low)) * (to - from);
  };
  return { at, ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)) };
}
