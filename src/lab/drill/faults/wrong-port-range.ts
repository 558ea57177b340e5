import type { Fault } from "../fault.ts";

/** Somebody wanted more translations, and gave the gateway's own programs more ports. */
export const fault: Fault = {
  id: "wrong-port-range",
  title: "ip_local_port_range widened on a gateway",
  plant: async (scene) => {
    scene.sysctl("gateway", "net.ipv4.ip_local_port_range", "1024 65535");
    await scene.fillTable({ connections: 1000 });
  },
};
