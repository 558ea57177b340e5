import { spawnInNamespace } from "../../kernel/namespace.ts";
import { BenchError } from "../error.ts";

/** A program to run to its end. */
export interface ProgramOrder {
  readonly namespace: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** The only CPU it runs on; undefined: any. */
  readonly cpu: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program and gives what it printed; throws `bench-not-possible` if it fails, the signal's reason if aborted. */
export async function runProgram({ namespace, command, cpu, signal }: ProgramOrder): Promise<string> {
  signal?.throwIfAborted();
  const [program, ...args] = cpu === undefined ? command : ["taskset", "-c", String(cpu), ...command];
  const child = spawnInNamespace(namespace, program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C" },
  });
  const end = (): void => void child.kill("SIGKILL");
  signal?.addEventListener("abort", end, { once: true });
  let printed = "";
  let complained = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => void (printed += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => void (complained += text));
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on("error", (error) => reject(failed(command, error.message)));
      child.on("close", resolve);
    });
    signal?.throwIfAborted();
    // iperf3 says in its JSON what went wrong.
    if (status !== 0) throw failed(command, complained.trim() || printed.trim().slice(-300));
    return printed;
  } finally {
    signal?.removeEventListener("abort", end);
  }
}

function failed(command: readonly string[], words: string): BenchError {
  return new BenchError(
    "bench-not-possible",
    `\`${command.join(" ")}\` failed: ${words === "" ? "without a word" : words}`,
    "is it installed? `sh scripts/setup.sh --for bench` installs what the benchmarks need",
  );
}
