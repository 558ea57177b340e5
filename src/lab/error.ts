/** What went wrong with a lab, by kind; stable, for scripts. */
export type LabErrorCode =
  | "lab-unknown"
  | "lab-exists"
  | "lab-id"
  | "lab-program-failed"
  | "lab-left-over"
  | "lab-no-permission"
  | "lab-not-applied"
  | "drill-unknown"
  | "limit-in-use"
  | "story-not-possible"
  | "demo-needs-source-nat"
  | "interrupted";

/** A failure of the lab itself; what the kernel refuses is a KernelError. */
export class LabError extends Error {
  readonly code: LabErrorCode;
  readonly remedy: string;

  constructor(code: LabErrorCode, message: string, remedy: string) {
    super(message);
    this.name = "LabError";
    this.code = code;
    this.remedy = remedy;
  }
}
