import type { Controls, Surface } from "./controls.ts";
import { HELP_LINES } from "./help-lines.ts";
import { clip, line, spread, styled, type Line } from "./line.ts";
import { addressLines, subscriberLines } from "./list-lines.ts";
import { connectionLines, SUBSCRIBER_HEAD } from "./subscriber-lines.ts";
import { summarySections } from "./summary-lines.ts";
import type { TopView } from "./view.ts";

/** A terminal's size in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const KEYS = "q quit  s sort  / filter  p pause  Enter look into  ? help";
const SUBSCRIBER_KEYS = "Esc back  up/down scroll  p pause  ? help  q quit";
/** Lines of the subscribers' list, head included, that other sections must leave. */
const LEAST_SUBSCRIBERS = 4;
const LEAST_ADDRESSES = 2;

/** Everything on the screen: as many lines as it has rows, none wider than it. */
export function frameOf(view: TopView, controls: Controls, { columns, rows }: Size): Line[] {
  const head = headLine(view, controls, columns);
  const height = Math.max(0, rows - 2);
  const body = controls.help ? HELP_LINES.slice(0, height) : bodyLines(view, controls, columns, height);
  const blank = Array.from({ length: Math.max(0, height - body.length) }, (): Line => []);
  return [head, ...body.slice(0, height), ...blank, footLine(controls)].slice(0, rows).map((one) => clip(one, columns));
}

/** What the keys act on in the frame of that size. */
export function surfaceOf(view: TopView, controls: Controls, { columns, rows }: Size): Surface {
  const { subscriber } = view;
  const height = Math.max(0, rows - 2);
  const connections = subscriber !== undefined && "rows" in subscriber ? subscriber.rows.length : 0;
  return {
    subscribers: view.subscribers.rows.map(({ address }) => address),
    connections,
    page: controls.subscriber === undefined ? divide(view, columns, height).subscribers - 1 : height - SUBSCRIBER_HEAD,
  };
}

/** The same without terminal: what there is to say, as long as it is. */
export function printedFrame(view: TopView, controls: Controls, columns: number): Line[] {
  const summary = summarySections(view, columns).flatMap(({ lines }) => lines);
  const addresses = view.addresses.length === 0 ? [] : [[], ...addressLines(view, columns, view.addresses.length + 1)];
  const subscribers = subscriberLines(view, controls, columns, view.subscribers.rows.length + 3, false);
  return [headLine(view, controls, columns), ...summary, ...addresses, [], ...subscribers].map((one) =>
    clip(one, columns),
  );
}

function bodyLines(view: TopView, controls: Controls, columns: number, height: number): Line[] {
  if (controls.subscriber !== undefined) {
    return connectionLines(view, controls.subscriber, controls.scroll, columns, height);
  }
  const { summary, addresses, subscribers, gaps } = divide(view, columns, height);
  const gap: Line[] = gaps ? [[]] : [];
  return [
    ...summary,
    ...gap,
    ...(addresses === 0 ? [] : [...addressLines(view, columns, addresses), ...gap]),
    ...subscriberLines(view, controls, columns, subscribers),
  ];
}

interface Division {
  readonly summary: readonly Line[];
  /** Lines for each list, heads included; 0: it is left out. */
  readonly addresses: number;
  readonly subscribers: number;
  /** Is there room for blank lines? */
  readonly gaps: boolean;
}

/** Who gets how many lines: what matters least goes first, subscribers keep a few lines whatever happens. */
function divide(view: TopView, columns: number, height: number): Division {
  let sections = summarySections(view, columns);
  const used = (): number => sections.reduce((sum, { lines }) => sum + lines.length, 0);
  while (sections.length > 1 && height - used() < LEAST_SUBSCRIBERS) {
    const least = sections.reduce((one, other) => (other.weight < one.weight ? other : one));
    sections = sections.filter((section) => section !== least);
  }
  const summary = sections.flatMap(({ lines }) => lines);
  const left = height - summary.length;
  const gaps = left >= LEAST_SUBSCRIBERS + LEAST_ADDRESSES + 4;
  const lists = left - (gaps ? 1 : 0);
  const count = view.addresses.length;
  const share = Math.min(count + 1, Math.floor((lists - (gaps ? 1 : 0)) / 2));
  const addresses = count === 0 || lists - share < LEAST_SUBSCRIBERS || share < LEAST_ADDRESSES ? 0 : share;
  return { summary, addresses, subscribers: Math.max(0, lists - addresses - (gaps && addresses > 0 ? 1 : 0)), gaps };
}

function headLine(view: TopView, { paused }: Controls, columns: number): Line {
  const where = view.namespace === undefined ? "" : `  namespace ${view.namespace}`;
  const title = line(styled("heading", `meganat top${where}`), ...(paused ? ["  ", styled("warning", "PAUSED")] : []));
  return spread(title, `${view.takenAt.slice(11, 19)} UTC`, columns);
}

function footLine({ filter, filterBefore, subscriber, help }: Controls): Line {
  if (filterBefore !== undefined) return line(`Filter: ${filter}_  `, styled("quiet", "Enter keeps it, Esc does not"));
  if (help) return line(styled("quiet", "any key: back"));
  if (subscriber !== undefined) return line(styled("quiet", SUBSCRIBER_KEYS));
  const set = filter === "" ? [] : [styled("warning", `only ${filter}`), { text: "  " }];
  return line(...set, styled("quiet", KEYS));
}
