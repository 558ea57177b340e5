import { setOffload } from "../kernel/ethtool.ts";
import type { LabTopology } from "./topology.ts";

/** Makes the far ends of a lab's links take frames that XDP hands to the gateway's: veth does where the end polls, as GRO makes it. */
export function takeRedirectedFrames({ links, namespaces }: LabTopology): void {
  for (const link of links) setOffload(namespaces[link.side], link.interface, "gro", true);
}
