import type { ChildProcess } from "node:child_process";
import { spawnInNamespace } from "../../../src/kernel/namespace.ts";

/** tcpdump in a namespace: what really was on the wire there, by a program that is not ours. */
export interface Capture {
  /** Waits until a line matches, and returns it; throws with all that was seen if none does in time. */
  line(pattern: RegExp): Promise<string>;
  lines(): readonly string[];
  /** Forgets what was seen. */
  forget(): void;
  stop(): Promise<void>;
}

const PATIENCE_MS = 5000;

/** Starts capturing on an interface; resolves when tcpdump listens. */
export async function startCapture(
  namespace: string,
  networkInterface: string,
  // How a connection begins tells all about its translation; whole downloads would only make tcpdump lose packets.
  filter = "ip and (not tcp or tcp[tcpflags] & tcp-syn != 0)",
): Promise<Capture> {
  const child = spawnInNamespace(
    namespace,
    "tcpdump",
    ["-i", networkInterface, "-nn", "-vv", "-tt", "-l", "--immediate-mode", "-B", "65536", "-Z", "root", filter],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const seen: string[] = [];
  let wake: (() => void) | undefined;
  // tcpdump -vv breaks a packet into several lines; the later ones are indented.
  onLines(child, "stdout", (line) => {
    if (/^\s/.test(line) && seen.length > 0) seen[seen.length - 1] += ` ${line.trim()}`;
    else seen.push(line);
    wake?.();
  });
  await new Promise<void>((resolve, reject) => {
    onLines(child, "stderr", (line) => {
      if (line.includes("listening on")) resolve();
    });
    child.on("error", reject);
    child.on("exit", (status) => reject(new Error(`tcpdump on ${networkInterface} ended with status ${status}`)));
  });
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  return {
    lines: () => seen,
    forget: () => {
      seen.length = 0;
    },
    async line(pattern) {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const found = seen.find((line) => pattern.test(line));
        if (found !== undefined) return found;
        const left = deadline - Date.now();
        if (left <= 0) {
          throw new Error(
            `nothing like ${pattern} on ${networkInterface} of ${namespace}, but:\n${seen.slice(-20).join("\n")}`,
          );
        }
        // A packet's second line may complete a match, so each new line looks again.
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(left, 50));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function onLines(child: ChildProcess, stream: "stdout" | "stderr", take: (line: string) => void): void {
  let rest = "";
  child[stream]?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}
