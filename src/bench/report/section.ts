import type { Estimate, Ratio } from "../method/estimate.ts";

/** One benchmark's results as people read them: the same for the terminal, for Markdown and for the HTML page. */
export interface Section {
  /** Short and stable: `forward`. */
  readonly id: string;
  readonly title: string;
  /** What was done, in a few sentences. */
  readonly method: string;
  readonly tables: readonly ReportTable[];
  readonly charts: readonly Chart[];
  /** What the figures show, one sentence each; no difference is claimed that the intervals do not show. */
  readonly findings: readonly string[];
  /** What limits the result, one sentence each. */
  readonly limits: readonly string[];
}

/** Cells are text; all columns but the first are aligned to the right. */
export interface ReportTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A plot. */
export type Chart = BarChart | CurveChart;

/** A value with its 95 % interval for each label. */
export interface BarChart {
  readonly kind: "bars";
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
}

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Lines over a common axis. */
export interface CurveChart {
  readonly kind: "curves";
  readonly title: string;
  readonly x: { readonly label: string; readonly logarithmic: boolean };
  readonly y: { readonly label: string };
  readonly series: readonly Series[];
}

/** One line. */
export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

/** A point with its interval, if it has one. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** The bar of an estimate. `scale`: what one unit of the chart is in the estimate's. */
export function barOf(label: string, { median, low, high }: Estimate, scale = 1): Bar {
  return { label, value: median / scale, low: low / scale, high: high / scale };
}

/** A median with its interval in one cell: `1.48 (1.45 - 1.52)`. */
export function estimateCell({ median, low, high }: Estimate, digits: number, scale = 1): string {
  return interval(median / scale, low / scale, high / scale, digits);
}

/** A ratio with its interval in one cell. */
export function ratioCell({ ratio, low, high }: Ratio): string {
  return interval(ratio, low, high, 2);
}

function interval(middle: number, low: number, high: number, digits: number): string {
  return `${middle.toFixed(digits)} (${low.toFixed(digits)} - ${high.toFixed(digits)})`;
}
