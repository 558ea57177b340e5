import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";
import type { Scene } from "../scene.ts";

const ALL_NAMESPACES = "net.netfilter.nf_log_all_netns";

/** Lets rules of the lab's namespaces log, as those of the first one may. */
export function logFromLab(scene: Scene): void {
  scene.lab.borrowLimits({ [ALL_NAMESPACES]: 1 });
}

/** A rule that logs every packet to DNS, left over from a search for an error. */
export const fault: Fault = {
  id: "log-flood",
  title: "a rule of nft logs every packet, without a limit",
  plant: (scene) => {
    logFromLab(scene);
    scene.nft(`table ip search {
      chain forward { type filter hook forward priority -10; udp dport 53 counter log prefix "dns: "; }
    }`);
  },
  traffic: sendQueries,
};

/** Queries of subscribers, 100 a second. */
export async function sendQueries(scene: Scene, signal: AbortSignal): Promise<void> {
  await sendPackets(
    scene,
    { side: "inside" },
    (index) => ({
      source: `10.64.1.${1 + (index % 200)}`,
      destination: "198.51.100.9",
      content: { protocol: "udp", sourcePort: 20_000 + (index % 100), destinationPort: 53 },
    }),
    { perSecond: 100, signal },
  );
}
