import { runInNamespace } from "../../../kernel/namespace.ts";
import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** A VPN's daemon that has stopped reading its tun device. */
export const fault: Fault = {
  id: "ring-full",
  title: "the program behind a tunnel does not read its ring",
  plant: (scene) => {
    const tunnel = "TUN:192.0.2.1/24,tun-name=vpn0,iff-no-pi,iff-up";
    const line = `setsid socat ${tunnel} PIPE >/dev/null 2>&1 </dev/null & echo $!; sleep 0.3`;
    const pid = scene.run("gateway", "sh", "-c", line).trim();
    scene.undo(() => void scene.run("gateway", "kill", "-9", pid));
    scene.run("gateway", "kill", "-STOP", pid);
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 200)}`,
        destination: `192.0.2.${2 + (index % 200)}`,
        content: { protocol: "udp", sourcePort: 20_000 + (index % 100), destinationPort: 4000 },
      }),
      { perSecond: 1000, signal },
    );
  },
  settle: 1000,
  impossible: () =>
    runInNamespace(undefined, "socat", ["-V"]).status === 0
      ? undefined
      : "socat is not installed, which holds a tunnel",
};
