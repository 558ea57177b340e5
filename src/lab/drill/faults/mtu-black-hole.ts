import type { Fault } from "../fault.ts";
import { uploadLargeTexts } from "../large-uploads.ts";

/** A link with a smaller MTU (PPPoE, a tunnel), and a firewall of the gateway that lets no ICMP out. */
export const fault: Fault = {
  id: "mtu-black-hole",
  title: "the outside link takes 1400 bytes, and the gateway's firewall drops its own ICMP messages",
  plant: (scene) => {
    scene.run("gateway", "ip", "link", "set", "wan", "mtu", "1400");
    scene.nft(`table inet strict {
  chain output { type filter hook output priority 0; ip protocol icmp counter drop; }
}`);
  },
  traffic: uploadLargeTexts,
  settle: 1500,
};
