import { formatIpv4 } from "../address/ipv4.ts";
import { countPorts } from "../address/port-range.ts";
import type { Plan } from "../plan/plan.ts";
import { table } from "./text-layout.ts";

/** How much of one public address is in use, as commands print it. */
export interface OccupancyRow {
  readonly address: string;
  readonly connections: number;
  readonly ports: number;
  /** Ports source NAT may use on it, if the gateway file says. */
  readonly portsAvailable?: number;
  readonly hosts: number;
}

const SHOWN = 64;

/** The occupancy of each public address in use, and with a plan of those not in use too. */
export async function occupancyRows(netns: string | undefined, plan: Plan | undefined): Promise<OccupancyRow[]> {
  const { readOccupancy } = await import("../observe/occupancy.ts");
  const rows = new Map<number, OccupancyRow>();
  for (const { address, ...figures } of readOccupancy(netns)) {
    rows.set(address, { address: formatIpv4(address), ...figures });
  }
  for (const { address, ports } of plan?.sources.flatMap((source) => source.addresses) ?? []) {
    const found = rows.get(address) ?? { address: formatIpv4(address), connections: 0, ports: 0, hosts: 0 };
    rows.set(address, { ...found, portsAvailable: countPorts(ports) });
  }
  return [...rows].toSorted(([a], [b]) => a - b).map(([, row]) => row);
}

/** The rows for people. */
export function occupancyLines(rows: readonly OccupancyRow[]): string[] {
  if (rows.length === 0) return ["  no connection is translated at the moment"];
  const cells = rows.slice(0, SHOWN).map(({ address, connections, ports, portsAvailable, hosts }) => {
    const share = portsAvailable === undefined ? "" : ` of ${portsAvailable}`;
    return [address, String(connections), `${ports}${share}`, String(hosts)];
  });
  const lines = table(
    [["address", "connections", "ports in use", "hosts"], ...cells],
    ["left", "right", "right", "right"],
    100,
  );
  return rows.length > SHOWN ? [...lines, `  ... and ${rows.length - SHOWN} more`] : lines;
}
