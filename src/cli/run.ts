import { readFileSync } from "node:fs";
import { ExitCode, run, type StricliProcess } from "@stricli/core";
import { makeApplication } from "./application.ts";
import type { MeganatContext } from "./command.ts";
import { CommandError } from "./failure.ts";
import { takeGlobalFlags, type GlobalFlags } from "./global-flags.ts";
import { makeOutput, type Output, type TextStream } from "./output.ts";

/** Where a command line finds itself: the process, or a test. */
export interface Surroundings {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Runs one command line and gives its exit status: 0 all is well, 1 failed or a finding, 2 wrong usage. */
export async function runCommandLine(argv: readonly string[], around: Surroundings): Promise<number> {
  const outputFor = (json: boolean): Output => makeOutput(around.stdout, around.stderr, json, around.environment);
  let flags: GlobalFlags;
  try {
    flags = takeGlobalFlags(argv);
  } catch (error) {
    return outputFor(argv.includes("--json")).failure(error);
  }
  return runCommand(flags, around, outputFor(flags.json));
}

async function runCommand(flags: GlobalFlags, around: Surroundings, output: Output): Promise<number> {
  let status = 0;
  const complaints: string[] = [];
  const stricliProcess: StricliProcess = {
    stdout: { write: (text) => void around.stdout.write(text) },
    stderr: { write: (text) => void complaints.push(text) },
    env: around.environment,
  };
  const context: MeganatContext & { readonly process: StricliProcess } = {
    process: stricliProcess,
    output,
    netns: flags.netns,
    finish: (commandStatus) => {
      status = commandStatus;
    },
  };
  await run(await makeApplication(packageVersion(), flags.rest[0]), flags.rest, context);
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
