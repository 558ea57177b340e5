import type { Gateway, Link } from "../config/gateway.ts";

/** The gateway as its replica can have it, and what is different in it, for people. */
export interface ReplicaGateway {
  readonly gateway: Gateway;
  readonly assumptions: readonly string[];
}

/**
 * A replica has no cards, but wires of its own. A bond's members become wires where the kernel has bonding; where it has
 * not, and for a VLAN, the link becomes one wire of its name.
 */
export function replicaGateway(gateway: Gateway, hasBonding: boolean): ReplicaGateway {
  const assumptions: string[] = [];
  const links = gateway.links.map((link): Link => {
    const { bond, vlan, ...plain } = link;
    if (vlan !== undefined) {
      assumptions.push(`link ${link.name} is a VLAN: in the lab ${link.interface} is a wire of its own`);
      return plain;
    }
    if (bond === undefined || hasBonding) return link;
    assumptions.push(`this kernel has no bonding: in the lab ${link.interface} is one wire instead of a bond`);
    return plain;
  });
  return { gateway: { ...gateway, links }, assumptions };
}
