/** What stands against installing, by kind; stable, for scripts. */
export type InstallErrorCode =
  | "init-unknown"
  | "install-foreign-file"
  | "install-not-root"
  | "install-busy"
  | "install-failed"
  | "root-unusable";

/** Why nothing was installed or taken away, or only part of it. */
export class InstallError extends Error {
  readonly code: InstallErrorCode;
  readonly remedy: string;

  constructor(code: InstallErrorCode, message: string, remedy: string) {
    super(message);
    this.name = "InstallError";
    this.code = code;
    this.remedy = remedy;
  }
}
