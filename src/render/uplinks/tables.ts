/**
 * Two routing tables for each uplink. `own` always leads there: for connections that go by it, and for the gateway's own
 * packets with an address of its. `preferred` leads there while it is up; a route of type throw in it takes the uplink
 * out, so that the next rule is asked.
 */
export const FIRST_OWN_TABLE = 8001;
export const FIRST_PREFERRED_TABLE = 8101;

/** The default route of a preferred table leaves room for the throw route, whose metric is 0. */
export const PREFERRED_METRIC = 100;

/** Says whether the table is the preferred one of an uplink. */
export function isPreferredTable(table: number): boolean {
  return table >= FIRST_PREFERRED_TABLE && table < FIRST_PREFERRED_TABLE + 15;
}

/** Priorities of the policy rules, after those of twice NAT and before `main`; each leaves room up to the next. */
export const PRIORITIES = {
  /** A connection goes on by the uplink it goes by. */
  connections: 8001,
  /** All that has a route of its own: inside networks, static routes, the links' own networks. */
  specific: 8020,
  /** What the gateway itself sends with an address of an uplink. */
  sources: 8031,
  /** Subscribers by their order of uplinks. */
  orders: 8051,
  /** Everyone else, by the order of the file. */
  rest: 8201,
} as const;
