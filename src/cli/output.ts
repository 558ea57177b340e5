import { CommandError, failureOf, type Failure } from "./failure.ts";

/** A text stream: process.stdout, process.stderr, or an array in a test. */
export interface TextStream {
  readonly write: (text: string) => unknown;
  /** Calls back once when a stream whose `write` gave false can take more. */
  readonly once?: ((event: "drain", listener: () => void) => unknown) | undefined;
  readonly isTTY?: boolean | undefined;
}

/** What a command hands back: the object for `--json`, the text for people, and whether it found something. */
export interface CommandResult {
  readonly json: object;
  /** Undefined: the command has said everything already. */
  readonly text?: string;
  /** 0 all is well (default), 1 failed or a finding. */
  readonly status?: 0 | 1;
}

/** Another program has had our terminal and said everything; this is its exit status. */
export interface HandedOver {
  readonly handedOver: number;
}

/** Colours used in output, by what they mean. */
export type Style = "good" | "bad" | "warning" | "heading" | "quiet";

const ESCAPES: Readonly<Record<Style, string>> = {
  good: "\u001b[32m",
  bad: "\u001b[31m",
  warning: "\u001b[33m",
  heading: "\u001b[1m",
  quiet: "\u001b[2m",
};

/** Where all output of a command goes: text or one JSON object to stdout, errors and progress to stderr. */
export interface Output {
  readonly json: boolean;
  /** True when progress lines overwrite each other. */
  readonly terminal: boolean;
  /** Prints a line for people now; nothing with --json. */
  readonly say: (line: string) => void;
  /** Prints finished lines as they are, also with --json; fulfilled when the stream can take more. */
  readonly stream: (lines: string) => Promise<void>;
  /** Tells something beside the result, on stderr, also with --json. */
  readonly note: (line: string) => void;
  /** Shows how far long work has come, on stderr; on a terminal the line is overwritten by the next. */
  readonly progress: (line: string) => void;
  /** Colours text if stdout is a terminal and NO_COLOR is not set. */
  readonly paint: (style: Style, text: string) => string;
  /** Prints what a command returned; gives the exit status. */
  readonly result: (result: CommandResult | HandedOver) => number;
  /** Prints an error; gives the exit status. */
  readonly failure: (error: unknown) => number;
}

/** Makes the output of one run. `color` overrides what the streams and NO_COLOR say. */
export function makeOutput(
  stdout: TextStream,
  stderr: TextStream,
  json: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): Output {
  const plain = (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb";
  const colorful = (stream: TextStream): boolean => stream.isTTY === true && !plain;
  const paintOn =
    (stream: TextStream) =>
    (style: Style, text: string): string =>
      colorful(stream) ? `${ESCAPES[style]}${text}\u001b[0m` : text;
  let overwritable = false;
  const clearProgress = (): void => {
    if (overwritable) stderr.write("\r\u001b[K");
    overwritable = false;
  };
  return {
    json,
    terminal: stderr.isTTY === true,
    paint: json ? (_style, text) => text : paintOn(stdout),
    say: (line) => {
      if (json) return;
      clearProgress();
      stdout.write(`${line}\n`);
    },
    stream: async (lines) => {
      clearProgress();
      if (stdout.write(lines) !== false || stdout.once === undefined) return;
      await new Promise<void>((resolve) => stdout.once?.("drain", resolve));
    },
    note: (line) => {
      clearProgress();
      stderr.write(`${line}\n`);
    },
    progress: (line) => {
      if (stderr.isTTY === true) {
        stderr.write(`\r\u001b[K${line}`);
        overwritable = true;
      } else {
        stderr.write(`${line}\n`);
      }
    },
    result: (result) => {
      clearProgress();
      if ("handedOver" in result) return result.handedOver;
      if (json) stdout.write(`${JSON.stringify(result.json)}\n`);
      else if (result.text !== undefined) stdout.write(ended(result.text));
      return result.status ?? 0;
    },
    failure: (error) => {
      clearProgress();
      const failure = failureOf(error);
      if (json) stdout.write(`${JSON.stringify({ error: failure })}\n`);
      else stderr.write(ended(humanForm(error, failure, colorful(stderr), paintOn(stderr))));
      return error instanceof CommandError ? error.status : 1;
    },
  };
}

function humanForm(error: unknown, failure: Failure, color: boolean, paint: Output["paint"]): string {
  if (error instanceof CommandError && error.text !== undefined) return error.text(color);
  return failureText(failure, paint);
}

/** The human form of a failure: `error[code]: ...`, what the kernel said, the remedy. */
export function failureText(failure: Failure, paint: (style: Style, text: string) => string): string {
  const lines = [`${paint("bad", `error[${failure.code}]`)}: ${failure.message}`];
  if (failure.kernelSaid !== undefined) lines.push(`  kernel said: ${failure.kernelSaid.split("\n").join("\n    ")}`);
  lines.push(`  remedy: ${failure.remedy}`);
  return lines.join("\n");
}

function ended(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
