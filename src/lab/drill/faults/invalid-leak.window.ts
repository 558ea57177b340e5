import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";
import type { Scene } from "../scene.ts";

/** Connections whose windows connection tracking lost sight of (after a fast path, a failover): a rule drops their packets. */
export const fault: Fault = {
  id: "invalid-leak",
  title: "packets of live connections are outside of the window, and a rule drops them as INVALID",
  plant: async (scene) => {
    await scene.fillTable({ connections: 50, protocol: "tcp", assured: true });
  },
  traffic: async (scene, signal) => {
    const flows = connections(scene);
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => {
        const { source, destination, ports } = flows[index % flows.length] ?? NONE;
        return {
          source,
          destination,
          content: {
            protocol: "tcp",
            flags: "PA",
            sequence: 3_000_000_000,
            acknowledgment: 2_000_000_000,
            sourcePort: ports[0],
            destinationPort: ports[1],
          },
        };
      },
      { perSecond: 200, signal },
    );
  },
};

interface Flow {
  readonly source: string;
  readonly destination: string;
  readonly ports: readonly [number, number];
}

const NONE: Flow = { source: "10.64.1.1", destination: "198.51.100.9", ports: [1, 1] };

/** The connections in the table, out of conntrack(8)'s lines. */
function connections(scene: Scene): Flow[] {
  const lines = scene.run("gateway", "conntrack", "-L", "-p", "tcp").split("\n");
  return lines.flatMap((line) => {
    const [, source, destination, from, to] = /src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/.exec(line) ?? [];
    if (source === undefined || destination === undefined) return [];
    return [{ source, destination, ports: [Number(from), Number(to)] }];
  });
}
