import { readFileSync } from "node:fs";
import { ExitCode, run, type StricliProcess } from "@stricli/core";
import { makeApplication } from "./application.ts";
import type { MeganatContext } from "./command.ts";
import { CommandError } from "./failure.ts";
import { takeGlobalFlags, type GlobalFlags } from "./global-flags.ts";
import { makeOutput, type Output } from "./output.ts";

/** Runs one command line and sets the exit status: 0 all is well, 1 failed or a finding, 2 wrong usage. */
export async function main(argv: readonly string[]): Promise<void> {
  // `meganat plan FILE | head` closes the pipe early; that is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      throw error;
    });
  }
  let flags: GlobalFlags;
  try {
    flags = takeGlobalFlags(argv);
  } catch (error) {
    const output = makeOutput(process.stdout, process.stderr, argv.includes("--json"), process.env);
    process.exitCode = output.failure(error);
    return;
  }
  const output = makeOutput(process.stdout, process.stderr, flags.json, process.env);
  process.exitCode = await runCommandLine(flags, output);
}

async function runCommandLine(flags: GlobalFlags, output: Output): Promise<number> {
  let status = 0;
  const complaints: string[] = [];
  const stricliProcess: StricliProcess = {
    stdout: process.stdout,
    stderr: { write: (text) => void complaints.push(text) },
    env: process.env,
  };
  const context: MeganatContext & { readonly process: StricliProcess } = {
    process: stricliProcess,
    output,
    netns: flags.netns,
    finish: (commandStatus) => {
      status = commandStatus;
    },
  };
  await run(makeApplication(packageVersion()), flags.rest, context);
  const exitCode = Number(stricliProcess.exitCode ?? ExitCode.Success);
  if (exitCode === ExitCode.Success) return status;
  const message = complaints.join("").trim();
  if (exitCode === ExitCode.UnknownCommand || exitCode === ExitCode.InvalidArgument) {
    const remedy = "`meganat --help` lists the commands, `meganat COMMAND --help` explains one with examples";
    return output.failure(new CommandError({ code: "usage", message, remedy }, 2));
  }
  return output.failure(new Error(message));
}

// The same path from src/cli and from dist/cli.
function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
