import { readFileSync } from "node:fs";
import { KernelError } from "./error.ts";
import { spawnInNamespace, type NamespaceName } from "./namespace.ts";

/** How often a program's memory is looked at; the kernel keeps the peak, so only what comes after the last look is lost. */
const LOOK_MS = 20;

/** What a program took. */
export interface Measured {
  /** From the start of the program to its end. */
  readonly seconds: number;
  /** The most memory it had at once (VmHWM), in bytes. */
  readonly peakBytes: number;
}

/** Runs a program in the namespace with its output to /dev/null; rejects with `program-failed` if it fails. */
export function runMeasured(namespace: NamespaceName, command: readonly string[]): Promise<Measured> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawnInNamespace(namespace, program, args, { stdio: ["ignore", "ignore", "pipe"] });
    let peakBytes = 0;
    let words = "";
    child.stderr?.on("data", (data: Buffer) => {
      words = (words + data.toString("utf8")).slice(-1000);
    });
    const look = setInterval(() => {
      peakBytes = Math.max(peakBytes, readPeak(child.pid));
    }, LOOK_MS);
    child.once("error", (error) => {
      clearInterval(look);
      reject(failed(program, error.message));
    });
    child.once("close", (status) => {
      clearInterval(look);
      if (status === 0) resolve({ seconds: (performance.now() - start) / 1000, peakBytes });
      else reject(failed(program, words.trim()));
    });
  });
}

function readPeak(pid: number | undefined): number {
  try {
    const [, kilobytes = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return 0;
  }
}

function failed(program: string, words: string): KernelError {
  return new KernelError("program-failed", words === "" ? "it failed" : words, {
    tried: `run ${program}`,
    errno: 0,
    remedy: "see its words above; conntrack is in Debian's package conntrack",
  });
}
