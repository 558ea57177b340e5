import type { Fault } from "./fault.ts";
import { sendPackets } from "./packets.ts";
import type { Scene } from "./scene.ts";

/** A subscriber that wants more than others. */
export const GREEDY = "10.64.2.7";
const PORTS = 20_000;

/** Begins a connection from another port 200 times a second, until the signal. */
export async function connectsTooMuch(scene: Scene, signal: AbortSignal): Promise<void> {
  const content = (index: number) =>
    ({ protocol: "udp", sourcePort: 1024 + (index % PORTS), destinationPort: 7 }) as const;
  await sendPackets(
    scene,
    { side: "inside" },
    (index) => ({ source: GREEDY, destination: "198.51.100.9", content: content(index) }),
    { perSecond: 200, signal },
  );
}

/** The finding names the subscriber, the limit's place in the file, and what to write there. */
export function expectRefused(place: string, raised: string): NonNullable<Fault["expect"]> {
  return (report) => {
    const found = report.findings.find(({ id }) => id === "subscriber-limit");
    if (found?.subject !== place) return `it names ${found?.subject}`;
    if (!found.summary.startsWith(GREEDY)) return `it says: ${found.summary}`;
    const files = found.fixes.map(({ file = "" }) => file);
    return files.some((file) => file.includes(raised)) ? undefined : `it would write ${files.join(", ")}`;
  };
}
