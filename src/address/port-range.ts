/** Ports (or ICMP query identifiers) from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const PORT = /^(0|[1-9]\d{0,4})$/;

/** Reads a port between 1 and 65535, or returns undefined. */
export function parsePort(text: string): number | undefined {
  if (!PORT.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}

/** Reads `80` or `1024-65535`, or returns undefined; a reversed range is undefined too. */
export function parsePortRange(text: string): PortRange | undefined {
  const dash = text.indexOf("-");
  const first = parsePort(dash < 0 ? text : text.slice(0, dash));
  const last = parsePort(dash < 0 ? text : text.slice(dash + 1));
  return first === undefined || last === undefined || last < first ? undefined : { first, last };
}

/** Writes `80` or `1024-65535`. */
export function formatPortRange(range: PortRange): string {
  return range.first === range.last ? String(range.first) : `${range.first}-${range.last}`;
}

/** How many ports the range holds. */
export function countPorts(range: PortRange): number {
  return range.last - range.first + 1;
}

/** Says whether two port ranges share a port. */
export function portRangesOverlap(a: PortRange, b: PortRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}
