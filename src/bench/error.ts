/** What went wrong with a benchmark, by kind; stable, for scripts. */
export type BenchErrorCode = "bench-not-possible" | "bench-not-valid" | "interrupted";

/** A failure of the benchmark itself: it cannot be run here, or what was measured is not what it should be. */
export class BenchError extends Error {
  readonly code: BenchErrorCode;
  readonly remedy: string;

  constructor(code: BenchErrorCode, message: string, remedy: string) {
    super(message);
    this.name = "BenchError";
    this.code = code;
    this.remedy = remedy;
  }
}

/** What to throw when a benchmark has failed: that it was interrupted, if it was. */
export function interruptedBy(signal: AbortSignal | undefined, error: unknown): unknown {
  if (signal?.aborted !== true) return error;
  return new BenchError("interrupted", "the benchmark was interrupted, and has cleaned up", "run it again");
}
