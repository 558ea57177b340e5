import { noConntrackCounters, type ConntrackCounter, type ConntrackStatistics } from "../conntrack/statistics.ts";
import { parseStatTable, statColumn } from "./proc-table.ts";

/**
 * Columns of /proc/net/stat/nf_conntrack that mean what they say, or do not: since Linux 5.9 `clashres` stands where
 * `searched` was, and `chainlength` where `delete_list` was.
 */
const COLUMNS: Readonly<Record<string, ConntrackCounter>> = {
  clashres: "clashResolve",
  searched: "searched",
  found: "found",
  invalid: "invalid",
  chainlength: "chainTooLong",
  delete_list: "deleteList",
  insert: "insert",
  insert_failed: "insertFailed",
  drop: "drop",
  early_drop: "earlyDrop",
  icmp_error: "error",
  search_restart: "searchRestart",
};

/** Counters of expected connections, by CPU. */
export interface ExpectationCounters {
  readonly new: readonly number[];
  readonly create: readonly number[];
  readonly delete: readonly number[];
}

/** What /proc/net/stat/nf_conntrack holds. Anyone may read it; `entries` is the same number in every row. */
export function parseConntrackStat(text: string): {
  readonly statistics: ConntrackStatistics;
  readonly entries: number;
  readonly expectations: ExpectationCounters;
} {
  const table = parseStatTable(text);
  // The columns new, ignore and delete are printed as 0 by every kernel that has `clashres`.
  const counted = new Set(table.columns.map((column) => COLUMNS[column]).filter((name) => name !== undefined));
  const cpus = table.cpus.map((row, cpu) => {
    const counters = { cpu, ...noConntrackCounters() };
    for (const [index, column] of table.columns.entries()) {
      const name = COLUMNS[column];
      if (name !== undefined) counters[name] = row[index] ?? 0;
    }
    return counters;
  });
  const sum = noConntrackCounters();
  for (const row of cpus) for (const name of counted) sum[name] += row[name];
  const column = (name: string): number[] => statColumn(table, name) ?? [];
  return {
    statistics: { cpus, sum, counted },
    entries: column("entries")[0] ?? 0,
    expectations: { new: column("expect_new"), create: column("expect_create"), delete: column("expect_delete") },
  };
}
