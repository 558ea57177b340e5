import { formatIpv4 } from "../../address/ipv4.ts";
import { writeSysctl } from "../../kernel/sysctl.ts";
import { addAddress } from "../../kernel/route/address.ts";
import { addRoute } from "../../kernel/route/route.ts";
import { applyInLab } from "../../lab/apply-in-lab.ts";
import { bringUpLab, type Lab } from "../../lab/lab.ts";
import { takeRedirectedFrames } from "../../lab/redirected-frames.ts";
import type { LimitWishes } from "../../lab/host-limits.ts";
import { benchGateway, NEXT_HOP } from "./bench-gateway.ts";

/** Two gateways alike: one with its translation, one that only forwards and tracks nothing. */
export interface Stage {
  readonly translating: Lab;
  readonly plain: Lab;
  readonly close: () => Promise<void>;
}

/** Longer than any benchmark: no connection may end while it is measured. */
const UDP_SECONDS = "86400";
const SPARE_ENTRIES = 10_000;

/**
 * The limits that so many connections need: a bucket each, as the planner has it. Above 95 % of the limit the kernel's
 * garbage collector takes those that are not assured yet.
 */
export function tableLimits(connections: number): LimitWishes {
  return {
    "net.netfilter.nf_conntrack_max": Math.ceil(connections * 1.1) + SPARE_ENTRIES,
    "net.netfilter.nf_conntrack_buckets": Math.max(65_536, connections),
  };
}

/** Builds both gateways, with room for so many connections in all. */
export async function buildStage(connections: number): Promise<Stage> {
  const translating = await bringUpLab(benchGateway(), { life: "process" });
  try {
    const namespace = translating.topology.namespaces.gateway;
    takeRedirectedFrames(translating.topology);
    applyInLab(translating, tableLimits(connections));
    for (const name of ["udp_timeout", "udp_timeout_stream"]) {
      writeSysctl(namespace, `net.netfilter.nf_conntrack_${name}`, UDP_SECONDS);
    }
    const plain = await bringUpLab(benchGateway(), { life: "process" });
    try {
      forwardOnly(plain);
      return { translating, plain, close: () => closeAll([plain, translating]) };
    } catch (error) {
      await plain.close();
      throw error;
    }
  } catch (error) {
    await translating.close();
    throw error;
  }
}

/** The outside link's addresses and the default route of the file, and nothing else of it; the lab has made the rest. */
function forwardOnly(lab: Lab): void {
  const namespace = lab.topology.namespaces.gateway;
  for (const { side, interface: name, addresses } of lab.topology.links) {
    if (side === "inside") continue;
    for (const { address, length } of addresses) {
      addAddress(namespace, { interface: name, address: formatIpv4(address), length });
    }
    addRoute(namespace, { destination: "0.0.0.0/0", interface: name, via: NEXT_HOP });
  }
  writeSysctl(namespace, "net.ipv4.ip_forward", "1");
}

async function closeAll(labs: readonly Lab[]): Promise<void> {
  for (const lab of labs) await lab.close();
}
