import type { Ipv4 } from "../address/ipv4.ts";
import { countPorts, type PortRange } from "../address/port-range.ts";

/** A listening port (or several) of a public address. */
export interface Listening {
  readonly address: Ipv4;
  readonly ports: PortRange;
}

/**
 * The largest run of `ports` in which nothing listens on the address, the higher of equals, or undefined if none
 * is left. One run only: the kernel's NAT takes one port range for an address.
 */
export function freePorts(ports: PortRange, address: Ipv4, listening: readonly Listening[]): PortRange | undefined {
  const taken = listening
    .filter((l) => l.address === address)
    .map((l) => l.ports)
    .sort((a, b) => a.first - b.first);
  let best: PortRange | undefined;
  const offer = (first: number, last: number): void => {
    if (first > last) return;
    if (best === undefined || last - first + 1 >= countPorts(best)) best = { first, last };
  };
  let first = ports.first;
  for (const hole of taken) {
    offer(first, Math.min(ports.last, hole.first - 1));
    first = Math.max(first, hole.last + 1);
  }
  offer(first, ports.last);
  return best;
}
