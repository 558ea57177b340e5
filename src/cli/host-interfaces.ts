import { parseIpv4 } from "../address/ipv4.ts";
import type { StarterInterface } from "../config/starter.ts";

/** The interfaces of the namespace but loopback, in the kernel's order, with their addresses and default next hop. */
export async function hostInterfaces(netns: string | undefined): Promise<StarterInterface[]> {
  const [{ listLinks }, { listAddresses }, { listRoutes }] = await Promise.all([
    import("../kernel/route/link.ts"),
    import("../kernel/route/address.ts"),
    import("../kernel/route/route.ts"),
  ]);
  const addresses = listAddresses(netns);
  const defaults = listRoutes(netns).filter(({ destination, via }) => destination === "0.0.0.0/0" && via !== undefined);
  const best = defaults.toSorted((a, b) => (a.metric ?? 0) - (b.metric ?? 0))[0];
  const gateway = best?.via === undefined ? undefined : parseIpv4(best.via);
  return listLinks(netns)
    .filter(({ name }) => name !== "lo")
    .map(({ name }) => ({
      name,
      addresses: addresses
        .filter((address) => address.interface === name)
        .map(({ address, length }) => ({ address, length })),
      ...(best?.interface === name && gateway !== undefined ? { gateway } : {}),
    }));
}
