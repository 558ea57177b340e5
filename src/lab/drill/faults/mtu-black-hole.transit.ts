import type { Fault } from "../fault.ts";
import { makePacket, sendPackets } from "../packets.ts";

/** A router of the internet says that packets are too large, and the gateway's firewall does not let it through. */
export const fault: Fault = {
  id: "mtu-black-hole",
  title: "a narrow link is further on, and the gateway's firewall drops the messages from there",
  plant: async (scene) => {
    await scene.fillTable({ connections: 50, assured: true });
    scene.nft(`table ip strict {
  chain forward { type filter hook forward priority 0; ip protocol icmp counter drop; }
}`);
  },
  traffic: async (scene, signal) => {
    const flows = scene.run("gateway", "conntrack", "-L", "-p", "udp").split("\n").flatMap(readFlow);
    await sendPackets(
      scene,
      { side: "outside" },
      (index) => {
        const flow = flows[index % flows.length] ?? {
          source: "203.0.113.10",
          destination: "198.18.0.1",
          ports: [1024, 1],
        };
        const [sourcePort, destinationPort] = flow.ports;
        const tooLarge = makePacket({
          source: flow.source,
          destination: flow.destination,
          content: { protocol: "udp", sourcePort, destinationPort, data: 1400 },
        });
        return {
          source: "198.51.100.1",
          destination: flow.source,
          content: { protocol: "icmp", type: 3, code: 4, rest: [0, 1280], data: tooLarge.subarray(0, 28) },
        };
      },
      { perSecond: 20, signal },
    );
  },
};

interface Sent {
  readonly source: string;
  readonly destination: string;
  readonly ports: readonly [number, number];
}

/** From a line of conntrack(8) what the packets of a connection look like outside: its answers turned round. */
function readFlow(line: string): Sent[] {
  const [, reply] = [...line.matchAll(/src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)];
  if (reply === undefined) return [];
  const [, source = "", destination = "", sourcePort, destinationPort] = reply;
  return [{ source: destination, destination: source, ports: [Number(destinationPort), Number(sourcePort)] }];
}
