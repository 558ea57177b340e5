import { bar, line, plainText, styled, type Line, type Span, type TextStyle } from "./line.ts";
import { duration, percent, rate, signedRate, whole } from "./quantity.ts";
import type { TopView } from "./view.ts";

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
  const [first, ...more] = tableLines(view, width);
  return [
    { lines: first === undefined ? [] : [first], weight: 6 },
    { lines: more, weight: 4 },
    { lines: flow("Per s", rateItems(view), width), weight: 5 },
    { lines: flow("Drops", dropItems(view), width, 1), weight: 3 },
    { lines: flow("CPU", cpuItems(view), width, 1), weight: 2 },
  ];
}

function tableLines({ table, missing }: TopView, width: number): Line[] {
  const { connections, max, share, buckets, meanChain } = table;
  if (connections === undefined) return [line(name("Table"), styled("bad", missing[0] ?? "being read"))];
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

function growth({ netPerSecond, secondsToFull }: TopView["table"]): Span[] {
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

function dropItems({ drops }: TopView): Span[] {
  if ("unavailable" in drops) return [styled("quiet", drops.unavailable)];
  const items = drops.causes.map(({ title, perSecond, packets }) =>
    styled(perSecond > 0 ? "bad" : undefined, `${title} ${rate(perSecond)}/s (${whole(packets)})`),
  );
  const limits = drops.limits.map((limit) => styled("quiet", limit));
  return items.length === 0 ? [{ text: "none" }, ...limits] : [...items, ...limits];
}

function cpuItems({ cpu }: TopView): Span[] {
  if ("unavailable" in cpu) return [styled("quiet", cpu.unavailable)];
  return [
    { text: `NAT ${percent(cpu.nat)} of busy time` },
    { text: `busy ${percent(cpu.busy)}` },
    ...cpu.parts.map(({ title, share }) => styled("quiet", `${title} ${percent(share)}`)),
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
