import type { Ipv4 } from "../address/ipv4.ts";

/** More cannot be told apart by the bits of the connection mark they have. */
export const MOST_UPLINKS = 8;

/** A link to a provider that takes its share of the traffic, and that others stand in for. */
export interface Uplink {
  /** Name of the link; it has a gateway. */
  readonly link: string;
  readonly health: UplinkHealth;
}

/** How it is found out whether a provider works. Milliseconds. */
export interface UplinkHealth {
  /** One of them that answers is enough. */
  readonly probes: readonly Probe[];
  readonly interval: number;
  /** So long without any answer, and the uplink counts as down. Without a carrier it does at once. */
  readonly downAfter: number;
  /** So long with answers, and it counts as up again. */
  readonly upAfter: number;
}

/** Who is asked: by ICMP echo, or with a port by opening a TCP connection. */
export interface Probe {
  readonly address: Ipv4;
  readonly port?: number;
}
