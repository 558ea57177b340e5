import { cpus } from "node:os";
import type { Fault } from "../fault.ts";
import { sendPackets, type PacketFields } from "../packets.ts";
import { DRILL_GATEWAY } from "../scene.ts";

const BURSTS_PER_SECOND = 50;
const PAIRS = 100;
/** Of one destination; then the next, so that ports are never short. */
const PORTS = 4000;

/** Two subscribers use the same port towards the same server at the same moment, and two CPUs translate them. */
export const fault: Fault = {
  id: "clash-race",
  title: "pairs of connections that want the same public port at the same moment",
  gateway: DRILL_GATEWAY.replace("to: public }", "to: masquerade }"),
  impossible: () => (cpus().length < 2 ? "a race needs two CPUs" : undefined),
  plant: (scene) => {
    // As a network card with several queues spreads connections over the CPUs. /sys shows the interfaces of the
    // namespace only if it is mounted there, which `ip netns exec` does.
    const spread = "echo 3 > /sys/class/net/lan/queues/rx-0/rps_cpus";
    scene.run("gateway", "ip", "netns", "exec", scene.gateway, "sh", "-c", spread);
    scene.run("outside", "nft", "add table ip quiet");
    scene.run("outside", "nft", "add chain ip quiet in { type filter hook prerouting priority raw; policy drop; }");
  },
  traffic: async (scene, signal) => {
    await sendPackets(scene, { side: "inside" }, burst, { perSecond: BURSTS_PER_SECOND, signal });
  },
};

/** Pairs from two subscribers, all of them with the same port, address and port of the server within a pair. */
function burst(index: number): PacketFields[] {
  return Array.from({ length: PAIRS * 2 }, (_, i) => {
    const pair = index * PAIRS + (i >> 1);
    return {
      source: `10.64.1.${1 + ((pair * 2 + (i & 1)) % 250)}`,
      destination: `198.51.100.${1 + (Math.floor(pair / PORTS) % 250)}`,
      content: { protocol: "udp", sourcePort: 20_000 + (pair % PORTS), destinationPort: 53 },
    };
  });
}
