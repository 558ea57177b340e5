import type { Fault } from "../fault.ts";
import { DRILL_GATEWAY, repeat } from "../scene.ts";

/** A server behind a port forward, on FTP's port: it would tell its clients an address they cannot reach. */
export const fault: Fault = {
  id: "helper-missing",
  title: "an FTP server behind a port forward, without the helper",
  gateway: DRILL_GATEWAY.replace("203.0.113.2:8080/tcp, to: 10.64.9.10:8080", "203.0.113.2:21/tcp, to: 10.64.9.10:21"),
  plant: () => undefined,
  traffic: async (scene, signal) => {
    const client = await scene.client("outside");
    await repeat(signal, 100, () =>
      client.httpGet({ from: "198.51.100.9", to: "203.0.113.2", port: 21, path: "/", timeoutMs: 1000 }),
    );
  },
  settle: 1500,
  expect: ({ findings }) =>
    findings.some(
      ({ id, subject, severity }) => id === "helper-missing" && subject === "FTP" && severity === "degraded",
    )
      ? undefined
      : "the server behind the forward is not named",
};
