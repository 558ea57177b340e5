/** A table of /proc/net/stat: a line of column names, then one line of hexadecimal numbers for each CPU. */
export interface StatTable {
  readonly columns: readonly string[];
  /** By CPU, in the kernel's order; a row may be shorter than `columns` if it was cut. */
  readonly cpus: readonly (readonly number[])[];
}

/** Reads a file of /proc/net/stat. Lines that are not hexadecimal numbers are left out. */
export function parseStatTable(text: string): StatTable {
  const [head = "", ...lines] = text.split("\n");
  return { columns: words(head), cpus: lines.map(hexadecimals).filter((row) => row.length > 0) };
}

/** A column by CPU, or undefined if this kernel has none of the name. */
export function statColumn(table: StatTable, name: string): number[] | undefined {
  const index = table.columns.indexOf(name);
  return index < 0 ? undefined : table.cpus.map((row) => row[index] ?? 0);
}

/** Reads /proc/net/snmp or /proc/net/netstat: numbers by group and name, `Ip.ForwDatagrams`. */
export function parseProtocolCounters(text: string): Map<string, number> {
  const counters = new Map<string, number>();
  const lines = text.split("\n");
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [group = "", ...names] = words(lines[i] ?? "");
    const [same, ...values] = words(lines[i + 1] ?? "");
    if (group !== same || !group.endsWith(":")) continue;
    for (const [index, name] of names.entries()) {
      const value = Number(values[index]);
      if (Number.isFinite(value)) counters.set(`${group.slice(0, -1)}.${name}`, value);
    }
  }
  return counters;
}

/** What one CPU did with packets that came in (a line of /proc/net/softnet_stat). All but `backlog` are 32-bit counters. */
export interface SoftnetRow {
  readonly cpu: number;
  readonly processed: number;
  /** Lost because the CPU's queue was full. */
  readonly dropped: number;
  /** Rounds that ended with work left. */
  readonly timeSqueeze: number;
  /** Wake-ups by another CPU that steers packets here. */
  readonly receivedRps: number;
  /** Lost because one flow filled more than half of the queue. */
  readonly flowLimit: number;
  /** Waiting now; undefined before Linux 5.10. */
  readonly backlog: number | undefined;
}

/** Reads /proc/net/softnet_stat. CPUs that are off have no line, and only since Linux 5.10 do lines name their CPU. */
export function parseSoftnet(text: string): SoftnetRow[] {
  const rows = text
    .split("\n")
    .map(hexadecimals)
    .filter((row) => row.length >= 9);
  return rows.map((row, line) => ({
    cpu: row[12] ?? line,
    processed: row[0] ?? 0,
    dropped: row[1] ?? 0,
    timeSqueeze: row[2] ?? 0,
    receivedRps: row[9] ?? 0,
    flowLimit: row[10] ?? 0,
    backlog: row[11],
  }));
}

/** Fragments waiting for the rest of their packet: how many packets and how many bytes (/proc/net/sockstat). */
export function parseFragmentMemory(text: string): { readonly packets: number; readonly bytes: number } | undefined {
  const [, packets, bytes] = /^FRAG: inuse (\d+) memory (\d+)$/m.exec(text) ?? [];
  return packets === undefined ? undefined : { packets: Number(packets), bytes: Number(bytes) };
}

function words(line: string): string[] {
  return line.split(/\s+/).filter((word) => word !== "");
}

function hexadecimals(line: string): number[] {
  const row = words(line);
  return row.every((word) => /^[0-9a-f]+$/i.test(word)) ? row.map((word) => Number.parseInt(word, 16)) : [];
}
