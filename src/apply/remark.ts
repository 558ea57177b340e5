import { KernelError } from "../kernel/error.ts";

/** Something apply, remove or status has to say beside what it did: stable code, sentence, remedy. */
export interface Notice {
  readonly code: NoticeCode;
  readonly message: string;
  readonly fix: string;
}

/** What notices are about. */
export type NoticeCode =
  | "host-sysctl-left-out"
  | "sysctl-missing"
  | "sysctl-clamped"
  | "sysctl-left"
  | "table-resize-stalls"
  | "record-missing"
  | "left-as-changed"
  | "member-not-named"
  | "no-carrier"
  | "admin-path-interrupted"
  | "interrupted-repaired"
  | "nat-chain-before-ours";

/** Why nothing was done, or what went wrong. */
export interface ApplyProblem {
  /** One of ours, or the KernelError's. */
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** What working out the changes has to say: collected on the way. */
export interface Remarks {
  readonly problems: ApplyProblem[];
  readonly notices: Notice[];
  /** What this host cannot have; the rest is done. */
  readonly leftOut: ApplyProblem[];
}

/** Choices the user has. */
export interface TowardsOptions {
  /** Also set what is one value for the whole host, from a namespace that is not the host's. */
  readonly hostWide?: boolean;
  /** Go on even if somebody who is connected is cut off. */
  readonly force?: boolean;
}

/** Any failure as a value with a code and a remedy. */
export function problemOf(error: unknown): ApplyProblem {
  if (error instanceof KernelError) return { code: error.code, message: error.message, fix: error.remedy };
  const message = error instanceof Error ? error.message : String(error);
  const errno = error instanceof Error && "code" in error ? String(error.code) : undefined;
  // Of files there are only the record's: a refusal of the kernel is a KernelError.
  return { code: errno === undefined ? "unexpected" : "record-failed", message, fix: fixFor(errno) };
}

function fixFor(code: string | undefined): string {
  if (code === "ENOSPC") return "make room on the file system of the record, then try again";
  if (code === "EACCES" || code === "EROFS" || code === "EPERM") {
    return "run as root, or name a directory you may write in the environment: MEGANAT_STATE_DIRECTORY";
  }
  return "try again; if it stays, this is a defect worth reporting";
}
