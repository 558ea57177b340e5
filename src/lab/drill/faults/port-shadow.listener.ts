import { createServer } from "node:net";
import { inNamespace } from "../../../kernel/namespace.ts";
import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";
import { silence } from "../silence.ts";

const PORT = 8443;

/** The service is a program of the gateway itself. */
export const fault: Fault = {
  id: "port-shadow",
  title: "an inside host takes the port that a program of the gateway listens on",
  gateway: "none",
  plant: (scene) => {
    silence(scene, "198.51.100.0/24");
    // The socket belongs to the namespace it was made in.
    const server = inNamespace(scene.gateway, () => createServer().listen(PORT));
    scene.undo(() => void server.close());
    scene.run("gateway", "iptables", ..."-t nat -A POSTROUTING -o wan -j MASQUERADE".split(" "));
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: "10.64.1.66",
        destination: `198.51.100.${1 + (index % 5)}`,
        content: { protocol: "tcp", flags: "S", sourcePort: PORT, destinationPort: 443, data: 0 },
      }),
      { perSecond: 10, signal, count: 5 },
    );
  },
};
