/** Milliseconds within which a share of the requests was answered. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What wrk found. */
export interface WrkFigures {
  readonly requestsPerSecond: number;
  readonly requests: number;
  /** Connections that failed, timed out or were cut, and answers with an error status. */
  readonly failed: number;
  readonly latency: Latency;
}

const MILLISECONDS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** Reads what `wrk --latency` prints; throws TypeError if it is not that of a finished run. */
export function parseWrk(text: string): WrkFigures {
  const rate = number(text, /^Requests\/sec:\s+([\d.]+)$/m);
  const requests = number(text, /^\s+(\d+) requests in /m);
  const [p50, p90, p99] = [50, 90, 99].map((share) => milliseconds(text, share));
  if (rate === undefined || requests === undefined || p50 === undefined || p90 === undefined || p99 === undefined) {
    throw new TypeError(`wrk did not finish: ${text.trim().split("\n").at(-1) ?? "it printed nothing"}`);
  }
  const sockets = /^\s+Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)$/m.exec(text) ?? [];
  const failures = [...sockets.slice(1), /^\s+Non-2xx or 3xx responses: (\d+)$/m.exec(text)?.[1] ?? "0"];
  const failed = failures.reduce((sum, count) => sum + Number(count), 0);
  return { requestsPerSecond: rate, requests, failed, latency: { p50, p90, p99 } };
}

function milliseconds(text: string, share: number): number | undefined {
  const [, value, unit = ""] = new RegExp(`^\\s+${share}%\\s+([\\d.]+)(us|ms|s|m)$`, "m").exec(text) ?? [];
  return value === undefined ? undefined : Number(value) * (MILLISECONDS[unit] ?? Number.NaN);
}

function number(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
