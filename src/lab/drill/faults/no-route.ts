import type { Fault } from "../fault.ts";
import { sendUdp } from "../packets.ts";

/** The default route has gone, as when a DHCP lease ends. */
export const fault: Fault = {
  id: "no-route",
  title: "there is no default route",
  plant: (scene) => void scene.run("gateway", "ip", "route", "del", "default"),
  traffic: (scene, signal) => sendUdp(scene, signal),
};
