import { formatIpv4Range, type Ipv4Range } from "../../address/ipv4-range.ts";
import { parseIpv4 } from "../../address/ipv4.ts";
import type { Ipv4Prefix } from "../../address/ipv4-prefix.ts";
import type { Gateway, PortSelection } from "../../config/gateway.ts";
import { readGateway } from "../../config/read-gateway.ts";

/** As many as the paper's campus has. */
export const SUBSCRIBER_COUNT = 10_000;
const FIRST_SUBSCRIBER = parseIpv4("10.64.1.0") ?? 0;

/** Who opens the connections. */
export const SUBSCRIBERS: Ipv4Range = { first: FIRST_SUBSCRIBER, last: FIRST_SUBSCRIBER + SUBSCRIBER_COUNT - 1 };

/** Where the connections go: the benchmarking range of RFC 2544. */
export const DESTINATIONS: Ipv4Prefix = { address: parseIpv4("198.18.0.0") ?? 0, length: 15 };

/** What a file says of the table. */
export interface TableWords {
  /** Undefined: the planner decides. */
  readonly selection?: PortSelection;
  /** For which the plan is made. */
  readonly connections: number;
}

/** A gateway of 10,000 subscribers who share a pool of 28 addresses, as the paper's. */
export function tableGateway({ selection, connections }: TableWords): Gateway {
  const ports = selection === undefined ? "shared" : `{ selection: ${selection} }`;
  const reading = readGateway(`version: 1
name: bench
links:
  wan: { addresses: [61.138.177.2/27], gateway: 61.138.177.1 }
  lan: { addresses: [10.64.0.1/16] }
pools:
  public: { addresses: 61.138.177.3-61.138.177.30 }
source-nat:
  - { name: all, from: ${formatIpv4Range(SUBSCRIBERS)}, out: wan, to: public, ports: ${ports} }
capacity: { subscribers: ${SUBSCRIBER_COUNT}, connections-per-subscriber: ${Math.max(1, Math.ceil(connections / SUBSCRIBER_COUNT))} }
`);
  if ("problems" in reading) throw new TypeError(reading.problems[0]?.message);
  return reading.gateway;
}
