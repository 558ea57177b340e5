import type { Gateway, Link } from "../config/gateway.ts";

/** The gateway as its replica can have it, and what is different in it, for people. */
export interface ReplicaGateway {
  readonly gateway: Gateway;
  readonly assumptions: readonly string[];
}

/**
 * A replica has no cards, but wires of its own. A bond's members become wires where the kernel has bonding; where it has
 * not (`whyNoBonds`), and for a VLAN, the link becomes one wire of its name.
 */
export function replicaGateway(gateway: Gateway, whyNoBonds: string | undefined): ReplicaGateway {
  const assumptions: string[] = [];
  const bonds: string[] = [];
  const links = gateway.links.map((link): Link => {
    const { bond, vlan, ...plain } = link;
    if (vlan !== undefined) {
      assumptions.push(`link ${link.name} is a VLAN: in the lab ${link.interface} is a wire of its own`);
      return plain;
    }
    if (bond === undefined || whyNoBonds === undefined) return link;
    bonds.push(link.interface);
    return plain;
  });
  if (bonds.length === 1) assumptions.push(`in the lab bond ${bonds.join()} is one wire: ${whyNoBonds}`);
  if (bonds.length > 1) assumptions.push(`in the lab bonds ${bonds.join(", ")} are one wire each: ${whyNoBonds}`);
  return { gateway: { ...gateway, links }, assumptions };
}
