import { requireLink } from "../generator/link-ends.ts";
import { sendPackets } from "./packets.ts";
import type { Scene } from "./scene.ts";

const BRIDGE = "br0";
const NETWORK = "172.30.0";

/** Gives the gateway a bridge between two hosts of one network; with `address` the gateway is in that network too. */
export function plantBridge(scene: Scene, address?: string): void {
  scene.run("gateway", "ip", "link", "add", BRIDGE, "type", "bridge");
  if (address !== undefined) scene.run("gateway", "ip", "address", "add", `${address}/24`, "dev", BRIDGE);
  for (const [port, side] of [
    ["port1", "inside"],
    ["port2", "outside"],
  ] as const) {
    const peer = ["peer", "name", "vm", "netns", scene[side]];
    scene.run("gateway", "ip", "link", "add", port, "type", "veth", ...peer);
    scene.run("gateway", "ip", "link", "set", port, "master", BRIDGE, "up");
    scene.run(side, "ip", "link", "set", "vm", "up");
  }
  scene.run("gateway", "ip", "link", "set", BRIDGE, "up");
  scene.sysctl("gateway", "net.bridge.bridge-nf-call-iptables", 1);
}

/** Sends from one host on the bridge to the other, 200 packets a second until the signal. */
export async function sendOverBridge(scene: Scene, signal: AbortSignal): Promise<void> {
  const towards = requireLink(scene.outside, "vm").mac;
  await sendPackets(
    scene,
    { side: "inside", interface: "vm", towards },
    (index) => ({
      source: `${NETWORK}.11`,
      destination: `${NETWORK}.12`,
      content: { protocol: "udp", sourcePort: 20_000 + (index % 64), destinationPort: 5000 },
    }),
    { perSecond: 200, signal },
  );
}
