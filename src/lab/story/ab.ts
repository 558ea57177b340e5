import { spawnInNamespace } from "../../kernel/namespace.ts";
import { LabError } from "../error.ts";
import { parseAbOutput, type AbOutcome } from "./ab-output.ts";

/** What ApacheBench is to do. */
export interface AbOrder {
  readonly namespace: string;
  readonly url: string;
  /** At a time. */
  readonly connections: number;
  readonly requests: number;
  /** Seconds it waits for any answer before it gives up; its own default is 30. */
  readonly patience?: number;
  /** The only CPU it runs on. */
  readonly cpu?: number;
}

/** What became of it. */
export interface AbRun {
  /** As one would type it. */
  readonly command: string;
  readonly requested: number;
  readonly outcome: AbOutcome;
  /** From start to end, by our own clock: ab tells no time when it gives up. */
  readonly seconds: number;
}

/** Runs ApacheBench in a namespace to its end; the signal ends it early and throws. */
export async function runAb(order: AbOrder, signal?: AbortSignal): Promise<AbRun> {
  const { namespace, url, connections, requests, patience, cpu } = order;
  const words = ["-c", String(connections), "-n", String(requests), "-r"];
  if (patience !== undefined) words.push("-s", String(patience));
  words.push(url);
  const ab = ["ab", "-q", ...words];
  const [command = "", ...rest] = cpu === undefined ? ab : ["taskset", "-c", String(cpu), ...ab];
  signal?.throwIfAborted();
  const started = performance.now();
  const child = spawnInNamespace(namespace, command, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C" },
  });
  const end = (): void => void child.kill("SIGKILL");
  signal?.addEventListener("abort", end, { once: true });
  try {
    const text = await new Promise<string>((resolve, reject) => {
      let said = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding("utf8");
        stream?.on("data", (chunk: string) => void (said += chunk));
      }
      child.on("error", (error) => reject(notRun(command, error)));
      child.on("close", () => resolve(said));
    });
    signal?.throwIfAborted();
    const seconds = (performance.now() - started) / 1000;
    return { command: ["ab", ...words].join(" "), requested: requests, outcome: parseAbOutput(text), seconds };
  } finally {
    signal?.removeEventListener("abort", end);
  }
}

/** Answers a second: ab's own figure, or what it got done before it gave up. */
export function answersPerSecond({ outcome, seconds }: AbRun): number {
  return outcome.finished ? outcome.requestsPerSecond : outcome.completed / seconds;
}

function notRun(command: string, error: Error): LabError {
  return new LabError("lab-program-failed", `cannot run ${command}: ${error.message}`, "is it installed?");
}
