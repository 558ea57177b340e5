import { parseIpv4, type Ipv4 } from "../../address/ipv4.ts";
import type { Ipv4Range } from "../../address/ipv4-range.ts";
import type { ServiceSignal } from "../../diagnose/signals/translation.ts";

interface Service {
  /** Undefined: any address of the host. */
  readonly address: Ipv4Range | undefined;
  readonly isForwarded: boolean;
}

/** Answers whether a port of a public address is a service's; made for one question per connection. */
export class ServicePorts {
  readonly #own: ReadonlySet<Ipv4>;
  readonly #byPort = new Map<number, Service[]>();

  constructor(services: readonly ServiceSignal[], own: ReadonlySet<Ipv4>) {
    this.#own = own;
    for (const { protocol, first, last, address, rule } of services) {
      const range = address === undefined ? undefined : rangeOf(address.first, address.last);
      for (let port = first; port <= last; port++) {
        const place = (protocol << 16) | port;
        const known = this.#byPort.get(place);
        const service = { address: range, isForwarded: rule !== undefined };
        if (known === undefined) this.#byPort.set(place, [service]);
        else known.push(service);
      }
    }
  }

  /** Says whether the host takes connections there. */
  has(protocol: number, address: Ipv4, port: number): boolean {
    return this.#find(protocol, address, port, false);
  }

  /** Says whether a rule forwards what comes there. */
  isForwarded(protocol: number, address: Ipv4, port: number): boolean {
    return this.#find(protocol, address, port, true);
  }

  #find(protocol: number, address: Ipv4, port: number, forwardedOnly: boolean): boolean {
    const services = this.#byPort.get((protocol << 16) | port);
    if (services === undefined) return false;
    for (const { address: of, isForwarded } of services) {
      if (forwardedOnly && !isForwarded) continue;
      if (of === undefined ? this.#own.has(address) : address >= of.first && address <= of.last) return true;
    }
    return false;
  }
}

function rangeOf(first: string, last: string): Ipv4Range {
  return { first: parseIpv4(first) ?? 0, last: parseIpv4(last) ?? 0 };
}
