import { KernelError } from "../kernel/error.ts";
import { sourcePlaces } from "./source-places.ts";

/** One thing wrong in a gateway file, as commands print it: a problem with its place in the text. */
export interface FailureProblem {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly fix: string;
  readonly file?: string;
  /** From 1, as editors count. */
  readonly line?: number;
  readonly column?: number;
}

/** A failure in the form commands report it: stable code, what was tried, what the user can do. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly kernelSaid?: string;
  readonly remedy: string;
  readonly problems?: readonly FailureProblem[];
}

/** Writes the human form of a failure, with or without colours. */
export type FailureText = (color: boolean) => string;

/** Thrown by a command for what the user can put right. `text` replaces the usual human form. */
export class CommandError extends Error {
  readonly failure: Failure;
  readonly status: 1 | 2;
  readonly text: FailureText | undefined;

  constructor(failure: Failure, status: 1 | 2 = 1, text?: FailureText) {
    super(failure.message);
    this.name = "CommandError";
    this.failure = failure;
    this.status = status;
    this.text = text;
  }
}

/** Says what went wrong, whatever was thrown: our own errors by their code and remedy, all else as a bug of ours. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandError) return error.failure;
  if (error instanceof KernelError) return kernelFailure(error);
  if (error instanceof Error && "remedy" in error && typeof error.remedy === "string" && "code" in error) {
    return { code: String(error.code), message: error.message, remedy: error.remedy };
  }
  const told = error instanceof Error ? sourcePlaces(error.stack ?? error.message) : String(error);
  return {
    code: "internal",
    message: `this should not have happened: ${told}`,
    remedy: "please report it with the command, the gateway file and the text above",
  };
}

// The message of a kernel error ends with the kernel's own words; nft's run over several lines and stand apart better.
function kernelFailure(error: KernelError): Failure {
  const { code, message, kernelSaid, remedy } = error;
  if (kernelSaid === undefined) return { code, message, remedy };
  const ending = ` (${kernelSaid})`;
  return {
    code,
    message: message.endsWith(ending) ? message.slice(0, -ending.length) : message,
    kernelSaid: kernelSaid.trim(),
    remedy,
  };
}
