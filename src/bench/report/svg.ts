import { scaleOf, type Scale } from "./scale.ts";
import type { BarChart, Chart, CurveChart, Point } from "./section.ts";

const WIDTH = 720;
const LEFT = 170;
const RIGHT = 24;
const TEXT = 14;

/** A chart as an SVG element; colours come from the page's style, so that it can be read in light and dark. */
export function chartSvg(chart: Chart): string {
  return chart.kind === "bars" ? barsSvg(chart) : curvesSvg(chart);
}

function barsSvg({ title, unit, bars }: BarChart): string {
  const row = 30;
  const top = 12;
  const bottom = top + bars.length * row;
  const x = scaleOf({ values: [0, ...bars.map((bar) => bar.high)], from: LEFT, to: WIDTH - RIGHT, logarithmic: false });
  const parts = [...verticalLines(x, top, bottom), text(WIDTH - RIGHT, bottom + 36, unit, "end", "quiet")];
  for (const [i, { label, value, low, high }] of bars.entries()) {
    const y = top + i * row;
    const middle = y + row / 2;
    parts.push(
      text(LEFT - 8, middle + 5, label, "end"),
      `<rect class="bar" x="${LEFT}" y="${y + 6}" width="${round(Math.max(0, x.at(value) - LEFT))}" height="${row - 12}"><title>${escapeHtml(`${label}: ${format(value)} (${format(low)} - ${format(high)}) ${unit}`)}</title></rect>`,
      whisker(x.at(low), x.at(high), middle),
    );
  }
  return svg(title, bottom + 44, parts);
}

function curvesSvg({ title, x: xAxis, y: yAxis, series }: CurveChart): string {
  const top = 28;
  const bottom = 320;
  const points = series.flatMap((one) => one.points);
  const x = scaleOf({
    values: points.map((point) => point.x),
    from: LEFT / 2,
    to: WIDTH - LEFT,
    logarithmic: xAxis.logarithmic,
  });
  const y = scaleOf({
    values: [0, ...points.map((point) => point.high ?? point.y)],
    from: bottom,
    to: top,
    logarithmic: false,
  });
  const parts = [
    ...verticalLines(x, top, bottom),
    ...y.ticks.flatMap((tick) => [
      line(LEFT / 2, y.at(tick), WIDTH - LEFT, y.at(tick), "grid"),
      text(LEFT / 2 - 6, y.at(tick) + 5, format(tick), "end", "quiet"),
    ]),
    text(LEFT / 2, top - 12, yAxis.label, "start", "quiet"),
    text(WIDTH - LEFT, bottom + 36, xAxis.label, "end", "quiet"),
  ];
  const labels = spread(series.map((one) => y.at(one.points.at(-1)?.y ?? 0)));
  for (const [i, { name, points: own }] of series.entries()) {
    const colour = `c${i % 6}`;
    parts.push(
      `<polyline class="curve ${colour}" points="${own.map((point) => `${round(x.at(point.x))},${round(y.at(point.y))}`).join(" ")}"/>`,
      ...own.flatMap((point) => pointSvg(point, name, x, y, colour)),
      text(WIDTH - LEFT + 10, (labels[i] ?? 0) + 5, name, "start", `name ${colour}`),
    );
  }
  return svg(title, bottom + 44, parts);
}

function pointSvg(point: Point, name: string, x: Scale, y: Scale, colour: string): string[] {
  const words = escapeHtml(`${name}: ${format(point.y)} at ${format(point.x)}`);
  const dot = `<circle class="${colour}" cx="${round(x.at(point.x))}" cy="${round(y.at(point.y))}" r="3.5"><title>${words}</title></circle>`;
  if (point.low === undefined || point.high === undefined) return [dot];
  return [line(x.at(point.x), y.at(point.low), x.at(point.x), y.at(point.high), `whisker ${colour}`), dot];
}

/** Moves names apart that would lie over each other. */
function spread(heights: readonly number[]): number[] {
  const order = heights.map((height, i) => ({ height, i })).toSorted((a, b) => a.height - b.height);
  const placed = Array.from(heights);
  let last = Number.NEGATIVE_INFINITY;
  for (const { height, i } of order) {
    last = Math.max(height, last + TEXT + 3);
    placed[i] = last;
  }
  return placed;
}

function verticalLines(x: Scale, top: number, bottom: number): string[] {
  return x.ticks.flatMap((tick) => [
    line(x.at(tick), top, x.at(tick), bottom, "grid"),
    text(x.at(tick), bottom + 18, format(tick), "middle", "quiet"),
  ]);
}

function whisker(low: number, high: number, y: number): string {
  return [
    line(low, y, high, y, "whisker"),
    line(low, y - 5, low, y + 5, "whisker"),
    line(high, y - 5, high, y + 5, "whisker"),
  ].join("");
}

function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return `<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

function text(x: number, y: number, words: string, anchor: "start" | "middle" | "end", kind = ""): string {
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeHtml(words)}</text>`;
}

function svg(title: string, height: number, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">\n${parts.join("\n")}\n</svg>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** 0.25, 4, 1,000, 10 M. */
function format(value: number): string {
  if (value >= 1e6) return `${trim(value / 1e6)} M`;
  return value >= 100 ? Math.round(value).toLocaleString("en") : trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Text that may stand in HTML and in an attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
