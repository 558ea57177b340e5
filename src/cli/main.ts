import { writeSync } from "node:fs";
import { writtenHelp } from "./written-help.ts";

/** Runs a command line in this process: its streams, its environment, its exit status. */
export async function main(argv: readonly string[]): Promise<void> {
  const help = writtenHelp(argv);
  if (help !== undefined && wrote(help)) return;
  // `meganat plan FILE | head` closes the pipe early; that is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      throw error;
    });
  }
  const { stdout, stderr, env: environment } = process;
  const { runCommandLine } = await import("./run.ts");
  process.exitCode = await runCommandLine(argv, { stdout, stderr, environment });
}

/** Node.js takes 10 ms to make its streams: help does without. False if nobody takes it at once: then the usual way. */
function wrote(text: string): boolean {
  try {
    return writeSync(1, text) === Buffer.byteLength(text);
  } catch {
    return false;
  }
}
