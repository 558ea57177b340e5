import type { Fault } from "../fault.ts";
import { sendUdp } from "../packets.ts";

/** Somebody's sysctl file says ip_forward=0. */
export const fault: Fault = {
  id: "forwarding-off",
  title: "ip_forward is 0",
  plant: (scene) => scene.sysctl("gateway", "net.ipv4.ip_forward", 0),
  traffic: (scene, signal) => sendUdp(scene, signal),
};
