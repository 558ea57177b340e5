import type { Ipv4 } from "../../address/ipv4.ts";
import type { Ipv4Range } from "../../address/ipv4-range.ts";
import type { UplinkHealth } from "../../config/uplink.ts";

/** Who leaves by which provider, and what becomes of them when it fails. */
export interface UplinksPlan {
  /** In the order of the file, which is the order for whom no rule of the file says another. */
  readonly uplinks: readonly UplinkPlan[];
  readonly orders: readonly UplinkOrder[];
}

/** Subscribers with the same uplinks in the same order. No subscriber is in two of them. */
export interface UplinkOrder {
  /** Names of links, the one they prefer first; at least one. */
  readonly uplinks: readonly string[];
  readonly subscribers: readonly Ipv4Range[];
}

/** One provider. */
export interface UplinkPlan {
  readonly link: string;
  readonly interface: string;
  readonly gateway: Ipv4;
  readonly health: UplinkHealth;
  /** Subscribers who leave by it while it is up. */
  readonly subscribers: number;
  /** Public addresses and translations at once to one destination that its rules have; masquerade counts as one address. */
  readonly addresses: number;
  readonly translationsPerDestination: number;
  /** Where its subscribers go when it is down, if the others are up. */
  readonly moves: readonly { readonly to: string; readonly subscribers: number }[];
  /** Subscribers who have no other: they are cut off. */
  readonly stranded: number;
  /** Names of port forwards and static hosts that only this provider leads to. */
  readonly unreachable: readonly string[];
}
