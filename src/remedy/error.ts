/** Why a fix was not carried out or taken back; the codes are stable. */
export class RemedyError extends Error {
  readonly code: "fix-unknown" | "fix-by-hand" | "fix-in-force" | "fix-refused";
  readonly remedy: string;

  constructor(code: RemedyError["code"], message: string, remedy: string) {
    super(message);
    this.name = "RemedyError";
    this.code = code;
    this.remedy = remedy;
  }
}
