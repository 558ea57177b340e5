import { bar, line, plainText, styled, wrapped, type Line, type Span, type TextStyle } from "./line.ts";
import { duration, percent, rate, signedRate, whole } from "./quantity.ts";
import type { CpuView, TableView, TopView, Unavailable } from "./view.ts";

/** Columns that the names of the lines take. */
const NAME = 8;
const WIDEST_BAR = 30;
/** From here on the table is about to be a problem, and is one. */
const WARNING_SHARE = 0.8;
const BAD_SHARE = 0.95;
/** An alarm if the table is full this soon. */
const SOON = 3600;

/** A section and how much it matters when there is no room for all: less is cut first. */
export interface Section {
  readonly lines: readonly Line[];
  readonly weight: number;
}

/** What there is to say about the table, the rates, drops and processors, in order. */
export function summarySections(view: TopView, width: number): Section[] {
  const { missing, table, drops, cpu } = view;
  return [
    ...(table.connections === undefined
      ? reason("Table", missing[0] ?? "being read", width, 6)
      : headAndRest(tableLines(table, table.connections, width), 6, 4)),
    { lines: flow("Per s", rateItems(view), width), weight: 5 },
    ...("unavailable" in drops
      ? reason("Drops", drops.unavailable, width, 3)
      : [{ lines: flow("Drops", dropItems(drops), width, 1), weight: 3 }]),
    ...("unavailable" in cpu
      ? reason("CPU", cpu.unavailable, width, 2)
      : [{ lines: flow("CPU", cpuItems(cpu), width, 1), weight: 2 }]),
  ];
}

/** Why something is not there: its first line matters as much as what it stands for. */
function reason(title: string, words: string, width: number, weight: number): Section[] {
  const lines = wrapped(words, width - NAME).map((text, index) =>
    line(name(index === 0 ? title : ""), styled("quiet", text)),
  );
  return headAndRest(lines, weight, 1);
}

function headAndRest(lines: readonly Line[], weight: number, restWeight: number): Section[] {
  return [
    { lines: lines.slice(0, 1), weight },
    { lines: lines.slice(1), weight: restWeight },
  ];
}

function tableLines(table: TableView, connections: number, width: number): Line[] {
  const { max, share, buckets, meanChain } = table;
  const style: TextStyle | undefined =
    share === undefined || share < WARNING_SHARE ? "good" : share < BAD_SHARE ? "warning" : "bad";
  const count = `${whole(connections)}${max === undefined ? " connections" : ` of ${whole(max)}`}`;
  const room = Math.min(WIDEST_BAR, width - NAME - count.length - 12);
  const gauge =
    share === undefined
      ? []
      : [styled(style, `${room >= 5 ? `${bar(share, room)} ` : ""}${percent(share).padStart(5)}`), { text: "  " }];
  const chain =
    buckets === undefined
      ? []
      : [{ text: `${whole(buckets)} buckets` }, { text: `mean chain ${(meanChain ?? 0).toFixed(2)}` }];
  return [line(name("Table"), ...gauge, count), ...flow("", [...growth(table), ...chain], width)];
}

function growth({ netPerSecond, secondsToFull }: TableView): Span[] {
  if (netPerSecond === undefined) return [styled("quiet", "net rate: measuring")];
  const net = { text: `net ${signedRate(netPerSecond)}/s` };
  if (secondsToFull === undefined) return [net];
  const text = secondsToFull > 30 * 86_400 ? "not full within a month" : `full in ${duration(secondsToFull)}`;
  return [net, styled(secondsToFull < SOON ? "warning" : undefined, text)];
}

function rateItems({ rates }: TopView): Span[] {
  const plain = (words: string, value: number | undefined): Span => ({ text: `${words} ${shown(value)}` });
  const loss = (words: string, value: number | undefined): Span =>
    styled((value ?? 0) > 0 ? "bad" : undefined, `${words} ${shown(value)}`);
  return [
    plain("new", rates.new),
    plain("destroyed", rates.destroyed),
    loss("insert_failed", rates.insertFailed),
    loss("drop", rates.drop),
    loss("early_drop", rates.earlyDrop),
  ];
}

function shown(value: number | undefined): string {
  return value === undefined ? "-" : rate(value);
}

function dropItems({ causes, limits: missing }: Exclude<TopView["drops"], Unavailable>): Span[] {
  const items = causes.map(({ title, perSecond, packets }) =>
    styled(perSecond > 0 ? "bad" : undefined, `${title} ${rate(perSecond)}/s (${whole(packets)})`),
  );
  const limits = missing.map((limit) => styled("quiet", limit));
  return items.length === 0 ? [{ text: "none" }, ...limits] : [...items, ...limits];
}

function cpuItems({ nat, busy, parts }: CpuView): Span[] {
  return [
    { text: `NAT ${percent(nat)} of busy time` },
    { text: `busy ${percent(busy)}` },
    ...parts.map(({ title, share }) => styled("quiet", `${title} ${percent(share)}`)),
  ];
}

function name(text: string): Span {
  return styled("heading", text.padEnd(NAME));
}

/** Items one after the other on as many lines as they need, or as are allowed. */
function flow(title: string, items: readonly Span[], width: number, most = Number.POSITIVE_INFINITY): Line[] {
  const lines: Span[][] = [[name(title)]];
  for (const item of items) {
    const current = lines.at(-1) ?? [];
    const isFirst = current.length === 1;
    if (isFirst) current.push(item);
    else if (lines.length === most || plainText(current).length + 2 + item.text.length <= width) {
      current.push({ text: "  " }, item);
    } else lines.push([name(""), item]);
  }
  return lines;
}
