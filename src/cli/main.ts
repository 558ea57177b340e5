import { writtenHelp } from "./written-help.ts";

/** Runs a command line in this process: its streams, its environment, its exit status. */
export async function main(argv: readonly string[]): Promise<void> {
  // `meganat plan FILE | head` closes the pipe early; that is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      throw error;
    });
  }
  const { stdout, stderr, env: environment } = process;
  const help = writtenHelp(argv);
  if (help !== undefined) {
    stdout.write(help);
    return;
  }
  const { runCommandLine } = await import("./run.ts");
  process.exitCode = await runCommandLine(argv, { stdout, stderr, environment });
}
