/** What went wrong between us and the kernel, by kind; stable, for scripts. */
export type KernelErrorCode =
  | "kernel-permission"
  | "kernel-not-found"
  | "kernel-exists"
  | "kernel-busy"
  | "kernel-not-supported"
  | "kernel-rejected"
  | "kernel-read-only"
  | "kernel-no-memory"
  | "kernel-interrupted"
  /** Bytes from the kernel that do not have the form they must have; a defect of ours or of the kernel. */
  | "kernel-malformed"
  | "program-missing"
  | "program-failed";

/** What a kernel call adds to the bare failure. */
export interface KernelErrorDetail {
  /** What was tried, as a sentence without a full stop: `add address 10.0.0.1/16 to lan`. */
  readonly tried: string;
  /** Positive errno, 0 if the failure had none. */
  readonly errno: number;
  /** The kernel's own words: netlink's extended acknowledgement, or what the program printed. */
  readonly kernelSaid?: string;
  /** What the user can do. */
  readonly remedy: string;
}

/** Every failure of src/kernel. */
export class KernelError extends Error {
  readonly code: KernelErrorCode;
  readonly tried: string;
  readonly errno: number;
  readonly kernelSaid: string | undefined;
  readonly remedy: string;

  constructor(code: KernelErrorCode, errnoText: string, detail: KernelErrorDetail) {
    const said = detail.kernelSaid === undefined ? "" : ` (${detail.kernelSaid})`;
    super(`cannot ${detail.tried}: ${errnoText}${said}`);
    this.name = "KernelError";
    this.code = code;
    this.tried = detail.tried;
    this.errno = detail.errno;
    this.kernelSaid = detail.kernelSaid;
    this.remedy = detail.remedy;
  }
}

/** Says whether the failure is of the kind; in place of comparing messages. */
export function isKernelError(error: unknown, code: KernelErrorCode): error is KernelError {
  return error instanceof KernelError && error.code === code;
}
