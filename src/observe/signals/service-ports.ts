import { parseIpv4, type Ipv4 } from "../../address/ipv4.ts";
import type { Ipv4Range } from "../../address/ipv4-range.ts";
import type { ServiceSignal } from "../../diagnose/signals/translation.ts";

interface Service {
  /** Undefined: any address of the host. */
  readonly address: Ipv4Range | undefined;
  readonly isForwarded: boolean;
}

/** Wider ranges are a whole host that is forwarded, not services of their own. */
const WIDE = 4096;

/** Answers whether a port of a public address is a service's; made for one question per connection. */
export class ServicePorts {
  readonly #own: ReadonlySet<Ipv4>;
  readonly #byPort = new Map<number, Service[]>();
  readonly #wide: (Service & Pick<ServiceSignal, "protocol" | "first" | "last">)[] = [];

  constructor(services: readonly ServiceSignal[], own: ReadonlySet<Ipv4>) {
    this.#own = own;
    for (const { protocol, first, last, address, rule } of services) {
      const range = address === undefined ? undefined : rangeOf(address.first, address.last);
      if (last - first >= WIDE) {
        this.#wide.push({ address: range, isForwarded: rule !== undefined, protocol, first, last });
        continue;
      }
      for (let port = first; port <= last; port++) {
        const place = (protocol << 16) | port;
        const known = this.#byPort.get(place);
        const service = { address: range, isForwarded: rule !== undefined };
        if (known === undefined) this.#byPort.set(place, [service]);
        else known.push(service);
      }
    }
  }

  /** Says whether the host takes connections there; a forward of all ports of an address does not count. */
  has(protocol: number, address: Ipv4, port: number): boolean {
    return this.#find(protocol, address, port, false);
  }

  /** Says whether a rule forwards what comes there. */
  isForwarded(protocol: number, address: Ipv4, port: number): boolean {
    if (this.#find(protocol, address, port, true)) return true;
    return this.#wide.some(
      (service) =>
        service.isForwarded &&
        service.protocol === protocol &&
        port >= service.first &&
        port <= service.last &&
        this.#isAt(service, address),
    );
  }

  #find(protocol: number, address: Ipv4, port: number, forwardedOnly: boolean): boolean {
    const services = this.#byPort.get((protocol << 16) | port);
    if (services === undefined) return false;
    for (const service of services) {
      if ((!forwardedOnly || service.isForwarded) && this.#isAt(service, address)) return true;
    }
    return false;
  }

  #isAt({ address: of }: Service, address: Ipv4): boolean {
    return of === undefined ? this.#own.has(address) : address >= of.first && address <= of.last;
  }
}

function rangeOf(first: string, last: string): Ipv4Range {
  return { first: parseIpv4(first) ?? 0, last: parseIpv4(last) ?? 0 };
}
