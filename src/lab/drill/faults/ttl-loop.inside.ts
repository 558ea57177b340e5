import type { Fault } from "../fault.ts";
import { sendUdp } from "../packets.ts";

/** The gateway believes a network to be behind a router of the inside, whose default route is the gateway. */
export const fault: Fault = {
  id: "ttl-loop",
  title: "a network is routed to an inside router that sends it back",
  plant: (scene) => {
    scene.run("gateway", "ip", "route", "add", "10.88.0.0/16", "via", "10.64.9.10", "dev", "lan");
    scene.sysctl("inside", "net.ipv4.ip_forward", 1);
    for (const side of ["inside", "gateway"] as const) {
      for (const name of ["all", "lan"]) scene.sysctl(side, `net.ipv4.conf.${name}.send_redirects`, 0);
    }
  },
  traffic: (scene, signal) =>
    // An odd one dies at the gateway, an even one at the router it sends them to.
    sendUdp(scene, signal, { destination: "10.88.4.1", ttl: 63 }),
};
