import { formatIpv4 } from "../address/ipv4.ts";
import { countPorts, formatPortRange } from "../address/port-range.ts";
import type { PortForward } from "../config/gateway.ts";
import type { NftSet } from "./desired-state.ts";

/** Port forwards as two maps: ports one by one, and ranges whose ports stay the same. */
export interface ForwardMaps {
  readonly sets: readonly NftSet[];
  readonly rules: readonly string[];
}

const KEY = "ipv4_addr . inet_proto . inet_service";
const LOOKUP = "meta l4proto { tcp, udp } dnat ip to ip daddr . meta l4proto . th dport map";

/**
 * The maps of the port forwards and the rules that look them up. nft cannot shift a range of ports, so a range
 * that lands on other ports is written port by port.
 */
export function forwardMaps(forwards: readonly PortForward[]): ForwardMaps {
  const exact = new Map<string, string>();
  const ranges = new Map<string, string>();
  for (const forward of forwards) {
    const { listen, to } = forward;
    for (const protocol of protocolsOf(forward)) {
      const key = `${formatIpv4(listen.address)} . ${protocol} . `;
      const target = formatIpv4(to.address);
      if (isSamePortRange(forward)) {
        setOnce(ranges, key + formatPortRange(listen.ports), target);
        continue;
      }
      for (let i = 0; i < countPorts(listen.ports); i++) {
        setOnce(exact, `${key}${listen.ports.first + i}`, `${target} . ${to.ports.first + i}`);
      }
    }
  }
  const sets: NftSet[] = [];
  const rules: string[] = [];
  if (exact.size > 0) {
    const about = "port forwards: public address, protocol and port to inside address and port";
    sets.push({
      name: "forwards",
      key: KEY,
      data: "ipv4_addr . inet_service",
      flags: [],
      elements: list(exact),
      about,
    });
    rules.push(`${LOOKUP} @forwards`);
  }
  if (ranges.size > 0) {
    const about = "port forwards of whole ranges; the port stays the same";
    sets.push({
      name: "forward_ranges",
      key: KEY,
      data: "ipv4_addr",
      flags: ["interval"],
      elements: list(ranges),
      about,
    });
    rules.push(`${LOOKUP} @forward_ranges`);
  }
  return { sets, rules };
}

/** The protocols of a forward, one by one. */
export function protocolsOf(forward: PortForward): readonly ("tcp" | "udp")[] {
  return forward.protocol === "tcp+udp" ? ["tcp", "udp"] : [forward.protocol];
}

/** Says whether the forward is of several ports that stay the same. */
export function isSamePortRange({ listen, to }: PortForward): boolean {
  return listen.ports.first === to.ports.first && countPorts(listen.ports) > 1;
}

function setOnce(map: Map<string, string>, key: string, value: string): void {
  if (!map.has(key)) map.set(key, value);
}

function list(map: ReadonlyMap<string, string>): string[] {
  return [...map].map(([key, value]) => `${key} : ${value}`);
}
