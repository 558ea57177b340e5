/** What ApacheBench said at the end of its run. */
export type AbOutcome = AbFigures | AbFailure;

/** It made all its requests. */
export interface AbFigures {
  readonly finished: true;
  readonly completed: number;
  /** Wrong length, reset, or no answer. */
  readonly failed: number;
  /** Answers with another status than 2xx. */
  readonly refused: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** From the start of a request to its end, on average. */
  readonly millisecondsPerRequest: number;
  /** Milliseconds within which this share of the requests was served; whole ones, as ab rounds. */
  readonly latency: { readonly p50: number; readonly p90: number; readonly p99: number };
}

/** It gave up. */
export interface AbFailure {
  readonly finished: false;
  /** Requests it had made by then. */
  readonly completed: number;
  /** Its own words: `apr_pollset_poll: The timeout specified has expired (70007)`. */
  readonly words: string;
}

/** Reads what `ab` printed, standard output and error together. */
export function parseAbOutput(text: string): AbOutcome {
  const seconds = field(text, /^Time taken for tests:\s+([\d.]+) seconds$/m);
  const requestsPerSecond = field(text, /^Requests per second:\s+([\d.]+) /m);
  if (seconds === undefined || requestsPerSecond === undefined) {
    const completed = field(text, /^Total of (\d+) requests? completed$/m) ?? 0;
    return { finished: false, completed, words: lastWords(text) };
  }
  return {
    finished: true,
    completed: field(text, /^Complete requests:\s+(\d+)$/m) ?? 0,
    failed: field(text, /^Failed requests:\s+(\d+)$/m) ?? 0,
    refused: field(text, /^Non-2xx responses:\s+(\d+)$/m) ?? 0,
    seconds,
    requestsPerSecond,
    millisecondsPerRequest: field(text, /^Time per request:\s+([\d.]+) \[ms\] \(mean\)$/m) ?? 0,
    latency: { p50: percentile(text, 50), p90: percentile(text, 90), p99: percentile(text, 99) },
  };
}

function percentile(text: string, share: number): number {
  return field(text, new RegExp(`^\\s+${share}%\\s+(\\d+)$`, "m")) ?? 0;
}

function field(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Its complaint about how it was called; else the last line that is neither greeting, nor progress, nor count. */
function lastWords(text: string): string {
  const usage = /^ab: .*$/m.exec(text)?.[0];
  if (usage !== undefined) return usage;
  const lines = text.split("\n").map((line) => line.replace(/^.*\(be patient\)\.*/, "").trim());
  const chatter = /^(This is ApacheBench|Copyright|Licensed|Completed \d+|Finished \d+|Total of \d+|\.*done$|$)/;
  return lines.findLast((line) => !chatter.test(line)) ?? "ab ended without a word";
}
