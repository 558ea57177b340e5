import { formatCount } from "./figures.ts";
import type { DroppedHeader, DropSignal, Signals } from "./signals.ts";
import type { Top } from "./finding.ts";

/** Something that dropped packets have in common, and how many have it. */
export interface DropGroup {
  readonly key: string;
  readonly packets: number;
}

/** Packets dropped for the causes, by what `key` makes of their row; the most first. */
export function dropsBy(signals: Signals, causes: readonly string[], key: (row: DropSignal) => string): DropGroup[] {
  const groups = new Map<string, number>();
  for (const row of signals.drops?.rows ?? []) {
    if (causes.includes(row.cause)) groups.set(key(row), (groups.get(key(row)) ?? 0) + row.packets);
  }
  return [...groups].map(([name, packets]) => ({ key: name, packets })).toSorted((a, b) => b.packets - a.packets);
}

/** Headers kept of packets dropped for the causes. */
export function headersOf(signals: Signals, ...causes: readonly string[]): DroppedHeader[] {
  return signals.drops?.headers.filter(({ cause }) => causes.includes(cause)) ?? [];
}

/** What headers have in common, and of how many; the most frequent first. */
export function groupHeaders(
  headers: readonly DroppedHeader[],
  key: (header: DroppedHeader) => string | undefined,
): DropGroup[] {
  const groups = new Map<string, number>();
  for (const header of headers) {
    const name = key(header);
    if (name !== undefined) groups.set(name, (groups.get(name) ?? 0) + 1);
  }
  return [...groups].map(([name, packets]) => ({ key: name, packets })).toSorted((a, b) => b.packets - a.packets);
}

const ROWS = 5;

/** The five most frequent kinds of headers, as rows of a finding; undefined without any. */
export function topOf(
  title: string,
  headers: readonly DroppedHeader[],
  key: (header: DroppedHeader) => string | undefined = flowText,
): Top | undefined {
  if (headers.length === 0) return undefined;
  const rows = groupHeaders(headers, key).slice(0, ROWS);
  return {
    title: `${title} (of ${formatCount(headers.length)} packets looked at)`,
    rows: rows.map((row) => `${formatCount(row.packets)}  ${row.key}`),
  };
}

const NAMES: Readonly<Record<number, string>> = { 1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6", 132: "SCTP" };
const WITH_PORTS = new Set([6, 17, 33, 132, 136]);

/** From whom to which service: `UDP 10.64.1.9 > 198.51.100.9:53 on lan`; connections of one kind share it. */
export function flowText(header: DroppedHeader): string {
  const { protocol = 0, source = "?", destination = "?", destinationPort = 0 } = header;
  const port = WITH_PORTS.has(protocol) ? `:${destinationPort}` : "";
  return `${NAMES[protocol] ?? `protocol ${protocol}`} ${source} > ${destination}${port} on ${header.interface}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listText(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

/** How many a second. */
export function perSecond(signals: Signals, packets: number): number {
  return signals.seconds > 0 ? packets / signals.seconds : 0;
}
