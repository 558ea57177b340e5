import { formatIpv4 } from "../address/ipv4.ts";

/** Inside addresses begin here: the shared address space of RFC 6598, 4 million addresses. */
const FIRST_SUBSCRIBER = 0x64400000;
/** Public addresses begin here: the benchmarking range of RFC 2544, 131,072 addresses. */
const FIRST_PUBLIC = 0xc6120000;
const BLOCK = 128;
const BLOCKS_PER_ADDRESS = Math.floor((65536 - 1024) / BLOCK);

/** A gateway file with so many subscribers, each with 128 ports of its own, on as many routed addresses as that takes. */
export function subscribersGateway(subscribers: number): string {
  // One address to spare, so that another subscriber moves nobody.
  const addresses = Math.ceil(subscribers / BLOCKS_PER_ADDRESS) + 1;
  return `version: 1
name: benchmark
links:
  wan: { addresses: [192.0.2.2/24], gateway: 192.0.2.1 }
  lan: { addresses: [100.127.255.254/10] }
pools:
  public: { addresses: ${range(FIRST_PUBLIC, addresses)}, reached-by: route }
source-nat:
  - { name: all, from: ${range(FIRST_SUBSCRIBER, subscribers)}, to: public, ports: { per-subscriber: ${BLOCK} } }
capacity: { connections-per-subscriber: 10 }
`;
}

function range(first: number, count: number): string {
  return `${formatIpv4(first)}-${formatIpv4(first + count - 1)}`;
}
