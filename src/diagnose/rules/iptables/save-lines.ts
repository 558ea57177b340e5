/** One line of `iptables-save -c`: a rule with its words and counters. */
export interface SavedRule {
  readonly chain: string;
  /** The line without counters and `-A CHAIN`. */
  readonly text: string;
  readonly words: readonly string[];
  readonly packets: number;
  readonly bytes: number;
}

/** A chain as `iptables-save -c` declares it; only built-in ones have a policy. */
export interface SavedChain {
  readonly name: string;
  readonly policy?: "accept" | "drop";
  readonly packets: number;
  readonly bytes: number;
}

/** A table of `iptables-save -c`. */
export interface SavedTable {
  readonly name: string;
  readonly chains: readonly SavedChain[];
  readonly rules: readonly SavedRule[];
}

/** What `iptables-save -c` printed, table by table, and the lines that are neither rule nor chain nor comment. */
export interface SavedTables {
  readonly tables: readonly SavedTable[];
  readonly unread: readonly string[];
}

/** Reads what `iptables-save -c` prints. */
export function readSaveLines(text: string): SavedTables {
  const tables: { name: string; chains: SavedChain[]; rules: SavedRule[] }[] = [];
  const unread: string[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("# Generated") || line.startsWith("# Completed") || line === "COMMIT") continue;
    const table = tables.at(-1);
    const chain = /^:(\S+) (\S+)(?: \[(\d+):(\d+)\])?$/.exec(line);
    const rule = /^(?:\[(\d+):(\d+)\] )?-A (\S+) ?(.*)$/.exec(line);
    if (line.startsWith("*")) tables.push({ name: line.slice(1).trim(), chains: [], rules: [] });
    else if (chain !== null && table !== undefined) {
      const [, name = "", policy = "-", packets, bytes] = chain;
      table.chains.push({
        name,
        ...(policy === "-" ? {} : { policy: policy === "DROP" ? "drop" : "accept" }),
        packets: Number(packets ?? 0),
        bytes: Number(bytes ?? 0),
      });
    } else if (rule !== null && table !== undefined) {
      const [, packets, bytes, name = "", words = ""] = rule;
      table.rules.push({
        chain: name,
        text: words,
        words: splitWords(words),
        packets: Number(packets ?? 0),
        bytes: Number(bytes ?? 0),
      });
    } else unread.push(line);
  }
  return { tables, unread };
}

/** Splits a line as iptables-restore does: blanks between words, double quotes around those that hold blanks. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  for (const [, quoted, plain] of line.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)) {
    words.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll(/\\(.)/g, "$1"));
  }
  return words;
}
