import type { Fault } from "../fault.ts";
import { repeat } from "../scene.ts";

/** Somebody's rules forward a port, and forget those inside who call the public address. */
export const fault: Fault = {
  id: "hairpin-without-source-nat",
  title: "an inside host calls an inside server by its public address; the forward changes the destination only",
  gateway: "none",
  plant: (scene) => {
    for (const rule of [
      "-t nat -A PREROUTING -d 203.0.113.2 -p tcp --dport 8080 -j DNAT --to-destination 10.64.9.10:8080",
      "-t nat -A POSTROUTING -o wan -j MASQUERADE",
    ]) {
      scene.run("gateway", "iptables", ...rule.split(" "));
    }
  },
  settle: 1500,
  traffic: async (scene, signal) => {
    const client = await scene.client("inside");
    const call = (from: string): Promise<unknown> =>
      client.httpGet({ from, to: "203.0.113.2", port: 8080, path: "/" }).catch(() => undefined);
    await repeat(signal, 200, () => void call(`10.64.1.${20 + Math.floor(Math.random() * 20)}`));
  },
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "hairpin-without-source-nat");
    return finding?.subject === "203.0.113.2:8080" ? undefined : `the finding is about ${finding?.subject}`;
  },
};
