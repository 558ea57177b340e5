import type { Ipv4Range } from "../../address/ipv4-range.ts";
import { KernelError } from "../../kernel/error.ts";
import { fillConnections, type FillOptions, type FillReport } from "../generator/fill.ts";
import type { LabLink, LabTopology } from "../topology.ts";
import { LabError } from "../error.ts";
import { isUnprivileged } from "../unprivileged.ts";

/** How the connections are made. */
export type FillMethod = "xdp" | "packet-socket";

/** How many connections the demo holds if it is not told: sockets are a tenth as fast as eBPF. */
export const DEFAULT_CONNECTIONS: Readonly<Record<FillMethod, number>> = { xdp: 1_000_000, "packet-socket": 100_000 };

/** A fill, by the way that worked. */
export interface DemoFill extends FillReport {
  readonly method: FillMethod;
  /** Why not by eBPF, if not. */
  readonly insteadOfXdp?: string;
}

/** The way to try first. */
export function likelyMethod(): FillMethod {
  return isUnprivileged() ? "packet-socket" : "xdp";
}

/** Fills the gateway; by sockets, and with fewer connections unless told how many, where eBPF cannot be had. */
export async function fillGateway(
  topology: LabTopology,
  subscribers: readonly Ipv4Range[],
  out: string,
  wanted: number | undefined,
  more: Pick<FillOptions, "onProgress" | "signal">,
): Promise<DemoFill> {
  const inside = requireLink(topology, (link) => link.side === "inside");
  const outside = requireLink(topology, (link) => link.name === out);
  const fill = async (method: FillMethod): Promise<DemoFill> => ({
    method,
    ...(await fillConnections({
      method,
      inside: { namespace: topology.namespaces.inside, interface: inside.interface },
      outside: { namespace: topology.namespaces.outside, interface: outside.interface },
      subscribers,
      connections: wanted ?? DEFAULT_CONNECTIONS[method],
      protocol: "udp",
      record: true,
      ...more,
    })),
  });
  if (likelyMethod() === "packet-socket") {
    return { ...(await fill("packet-socket")), insteadOfXdp: "loading eBPF needs root on the host" };
  }
  try {
    return await fill("xdp");
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { ...(await fill("packet-socket")), insteadOfXdp: error.message };
  }
}

function requireLink(topology: LabTopology, fits: (link: LabLink) => boolean): LabLink {
  const link = topology.links.find(fits);
  if (link === undefined) {
    throw new LabError(
      "lab-not-applied",
      "the lab has no link to fill",
      "name links and a source-nat rule in the file",
    );
  }
  return link;
}
