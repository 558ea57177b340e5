import { bypass } from "../bypass.ts";
import type { Fault } from "../fault.ts";
import { repeat, type Scene } from "../scene.ts";

/** What subscribers send passes through the gateway; the answers come another way. */
export const fault: Fault = {
  id: "asymmetric-path",
  title: "answers come back by a second router",
  gateway: "none",
  plant: (scene) => bypass(scene, "answers"),
  settle: 1500,
  traffic: browse,
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "asymmetric-path");
    return finding?.summary.includes("from who began them") === true ? undefined : `it says: ${finding?.summary}`;
  },
};

/** Subscribers fetch pages from many servers. */
export async function browse(scene: Scene, signal: AbortSignal): Promise<void> {
  const client = await scene.client("inside");
  let next = 0;
  await repeat(signal, 50, () => {
    next++;
    const ends = { from: `10.64.1.${1 + (next % 40)}`, to: `198.18.0.${1 + (next % 30)}`, port: 80, timeoutMs: 3000 };
    void client.httpGet({ ...ends, path: "/" }).catch(() => undefined);
  });
}
