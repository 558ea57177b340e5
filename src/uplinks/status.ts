import { MOST_UPLINKS } from "../config/uplink.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { listRoutes } from "../kernel/route/route.ts";
import { isWithdrawal } from "../kernel/route/withdrawal.ts";
import { FIRST_PREFERRED_TABLE } from "../render/uplinks/tables.ts";
import { readReport, REPORT_EVERY, type ReportedUplink } from "./report-file.ts";

/** An uplink as the kernel has it, and what is known of its health. */
export interface UplinkState extends Partial<Omit<ReportedUplink, "interface" | "table">> {
  readonly interface: string;
  readonly table: number;
  /** Next hop; absent: the kernel has no route of ours to it now. */
  readonly via?: string;
  /** New connections may take it. */
  readonly inUse: boolean;
}

/** How the uplinks stand. */
export interface UplinksStatus {
  readonly uplinks: readonly UplinkState[];
  /** Somebody watches them now. */
  readonly watched: boolean;
}

/** Reports older than this are nobody's. Milliseconds. */
const STALE = 5 * REPORT_EVERY;

/** Reads the uplinks from the kernel; undefined where there are none. */
export function readUplinks(namespace: NamespaceName, now: number = Date.now()): UplinksStatus | undefined {
  const report = readReport(namespace);
  const uplinks: UplinkState[] = [];
  for (let table = FIRST_PREFERRED_TABLE; table < FIRST_PREFERRED_TABLE + MOST_UPLINKS; table++) {
    const routes = listRoutes(namespace, { table });
    const way = routes.find(({ type, interface: device }) => type === "unicast" && device !== undefined);
    const known = report?.uplinks.find((one) => one.table === table);
    if (way?.interface === undefined) {
      // An interface that is taken down loses its routes.
      if (known !== undefined) uplinks.push({ ...known, inUse: false });
      continue;
    }
    const { interface: device, via } = way;
    const same = known?.interface === device ? known : {};
    const inUse = !routes.some(isWithdrawal);
    uplinks.push({ ...same, interface: device, table, ...(via === undefined ? {} : { via }), inUse });
  }
  // A report may have outlived its gateway.
  if (uplinks.every(({ via }) => via === undefined)) return undefined;
  return { uplinks, watched: report !== undefined && now - Date.parse(report.at) < STALE };
}
