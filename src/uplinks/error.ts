/** Why uplinks cannot be watched. */
export class UplinkError extends Error {
  readonly code: "uplinks-none" | "uplinks-not-applied";
  readonly remedy: string;

  constructor(code: UplinkError["code"], message: string, remedy: string) {
    super(message);
    this.name = "UplinkError";
    this.code = code;
    this.remedy = remedy;
  }
}
