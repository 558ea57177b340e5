/** For how long to send, and how fast. */
export interface TimedFrames {
  readonly milliseconds: number;
  /** Frames a second; undefined: as fast as it goes. */
  readonly rate?: number;
}

/** A call sets up memory for its frames, some 0.1 ms of work: it must be worth it, and yet end in time. */
const CALL_MS = 40;
const FIRST_CALL = 8192;
/** The kernel sends no fewer at a time. */
const BATCH = 64;
/** At a rate: long enough that the calls are not most of the work, short enough to be even. */
const BURST_MS = 0.5;

/**
 * Sends frames for a time by calls of `send`, evenly if there is a rate: burst by burst, each when it is due, waiting
 * without rest in between. Blocks the thread. False if a call was ended early.
 */
export function runTimedFrames(
  { milliseconds, rate }: TimedFrames,
  send: (count: number) => boolean,
  now: () => number = () => performance.now(),
): boolean {
  const started = now();
  let completed = true;
  if (rate !== undefined) {
    const burst = Math.max(BATCH, Math.round((rate * BURST_MS) / 1000));
    const total = Math.max(BATCH, Math.round((rate * milliseconds) / 1000));
    for (let sent = 0; sent < total;) {
      while (now() - started < (sent / rate) * 1000);
      const count = Math.min(burst, total - sent);
      completed = send(count) && completed;
      sent += count;
    }
    return completed;
  }
  let count = FIRST_CALL;
  for (let left = milliseconds; left > 0;) {
    const before = now();
    completed = send(count) && completed;
    const after = now();
    left = milliseconds - (after - started);
    const perFrame = Math.max(after - before, 0.001) / count;
    count = Math.max(BATCH, Math.round(Math.min(CALL_MS, Math.max(left, 1)) / perFrame));
  }
  return completed;
}
