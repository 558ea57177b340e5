import { BLOCKS, MASQUERADED, SHARED, TWICE, type Exchange } from "./exchange.ts";
import { blocksGateway, MASQUERADE, SHARED_POOL, TWICE_NAT } from "./gateways.ts";
import type { IptablesProgram } from "./stage.ts";

/** A gateway, and what must come through it. */
export interface Setting {
  readonly name: string;
  readonly id: string;
  readonly file: string;
  readonly exchanges: readonly Exchange[];
  /** Programs that load the iptables form of the same gateway, one after the other. */
  readonly iptables?: readonly IptablesProgram[];
}

const IPTABLES = ["iptables-nft-restore", "iptables-legacy-restore"] as const;

/** Every kind of translation. */
export const SETTINGS: readonly Setting[] = [
  {
    name: "port blocks, pool addresses on the link",
    id: "addr",
    file: blocksGateway("address"),
    exchanges: BLOCKS,
    iptables: IPTABLES,
  },
  { name: "port blocks, proxy ARP", id: "arp", file: blocksGateway("proxy-arp"), exchanges: BLOCKS },
  { name: "port blocks, routed pool", id: "route", file: blocksGateway("route"), exchanges: BLOCKS },
  { name: "shared pool", id: "shared", file: SHARED_POOL, exchanges: SHARED, iptables: IPTABLES },
  { name: "masquerade", id: "masq", file: MASQUERADE, exchanges: MASQUERADED, iptables: IPTABLES },
  { name: "twice NAT of overlapping networks", id: "twice", file: TWICE_NAT, exchanges: TWICE, iptables: IPTABLES },
];
