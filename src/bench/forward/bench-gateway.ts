import { formatIpv4Prefix, type Ipv4Prefix } from "../../address/ipv4-prefix.ts";
import { formatIpv4Range, prefixRange, type Ipv4Range } from "../../address/ipv4-range.ts";
import type { Gateway } from "../../config/gateway.ts";
import { readGateway } from "../../config/read-gateway.ts";

/** The subscribers: a network behind the inside link, so that the gateway needs one neighbour and not thousands. */
export const SUBSCRIBERS: Ipv4Prefix = { address: 0x64400000, length: 18 };
/** Where the connections go: the benchmarking range of RFC 2544. */
export const DESTINATIONS: Ipv4Prefix = { address: 0xc6120000, length: 15 };
/** The provider's router. */
export const NEXT_HOP = "61.138.177.1";

const FILE = `version: 1
name: bench
links:
  wan: { addresses: [61.138.177.2/27], gateway: ${NEXT_HOP} }
  lan: {}
pools:
  public: { addresses: 61.138.177.3-61.138.177.30 }
source-nat:
  - { name: all, from: ${formatIpv4Prefix(SUBSCRIBERS)}, out: wan, to: public }
`;

/** The gateway that is measured: source NAT of 16,384 subscribers to a pool of 28 addresses. */
export function benchGateway(): Gateway {
  const reading = readGateway(FILE);
  if ("problems" in reading) throw new TypeError(reading.problems[0]?.message);
  return reading.gateway;
}

/** The subscribers who speak: all but the first and the last address of their network. */
export function speakingSubscribers(): readonly Ipv4Range[] {
  const { first, last } = prefixRange(SUBSCRIBERS);
  return [{ first: first + 1, last: last - 1 }];
}

/** The gateway in words. */
export const GATEWAY_WORDS = `source NAT of ${formatIpv4Range(prefixRange(SUBSCRIBERS))} to the pool 61.138.177.3-61.138.177.30`;
