/** Why the fast path was not turned on; the codes are stable. */
export class FastPathError extends Error {
  readonly code: "fast-path-devices" | "fast-path-unsupported";
  readonly remedy: string;

  constructor(code: FastPathError["code"], message: string, remedy: string) {
    super(message);
    this.name = "FastPathError";
    this.code = code;
    this.remedy = remedy;
  }
}
