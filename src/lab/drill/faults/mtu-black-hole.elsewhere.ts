import type { Fault } from "../fault.ts";
import { uploadLargeTexts } from "../large-uploads.ts";

/** The messages leave the gateway, and a firewall before the hosts drops them. */
export const fault: Fault = {
  id: "mtu-black-hole",
  title: "the outside link takes 1400 bytes, and the inside hosts' own firewall drops ICMP",
  plant: (scene) => {
    scene.run("gateway", "ip", "link", "set", "wan", "mtu", "1400");
    const rules = "table inet strict { chain input { type filter hook input priority 0; ip protocol icmp drop; }; }";
    scene.run("inside", "nft", rules);
  },
  traffic: uploadLargeTexts,
  settle: 1500,
};
