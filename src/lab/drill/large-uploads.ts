import { repeat, type Scene } from "./scene.ts";

/** Opens TCP connections from the inside and sends through each what does not fit into one packet, until the signal. */
export async function uploadLargeTexts(scene: Scene, signal: AbortSignal): Promise<void> {
  // Connections that hang are given up soon, lest they be taken for new ones after a fix.
  scene.sysctl("inside", "net.ipv4.tcp_retries2", 1);
  scene.sysctl("inside", "net.ipv4.tcp_orphan_retries", 1);
  const client = await scene.client("inside");
  const text = "x".repeat(20_000);
  let host = 0;
  await repeat(signal, 100, () => {
    host = (host + 1) % 100;
    // Not waited for: in a black hole each takes until its time is over.
    client
      .tcpExchange({ from: `10.64.1.${1 + host}`, to: "198.51.100.9", port: 7, text, timeoutMs: 900 })
      .catch(() => undefined);
  });
}
