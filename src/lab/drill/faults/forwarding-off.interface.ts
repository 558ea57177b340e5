import type { Fault } from "../fault.ts";
import { sendUdp } from "../packets.ts";

/** A network manager has switched it off for one interface; ip_forward still says 1. */
export const fault: Fault = {
  id: "forwarding-off",
  title: "forwarding is off for the inside interface only",
  plant: (scene) => scene.sysctl("gateway", "net.ipv4.conf.lan.forwarding", 0),
  traffic: (scene, signal) => sendUdp(scene, signal),
};
