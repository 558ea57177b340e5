import { formatCount } from "../../plan/figures.ts";

/** Where long work shows how far it is. */
export interface ProgressPlace {
  /** Overwrites the last line on a terminal, else adds one. */
  readonly progress: (line: string) => void;
  readonly terminal: boolean;
}

/** Characters of the bar. */
const WIDTH = 30;
/** A terminal is redrawn ten times a second; a log gets a line every two seconds. */
const EVERY_MS = { terminal: 100, log: 2000 } as const;

/** Makes the function to call with the count so far; it draws only as often as the place can take. */
export function progressBar(place: ProgressPlace, total: number, now: () => number): (done: number) => void {
  const started = now();
  let drawn = Number.NEGATIVE_INFINITY;
  let drawnDone = -1;
  return (done) => {
    if (drawnDone === total) return;
    const time = now();
    if (time - drawn < (place.terminal ? EVERY_MS.terminal : EVERY_MS.log) && done < total) return;
    drawn = time;
    drawnDone = done;
    place.progress(progressLine(done, total, (time - started) / 1000, place.terminal));
  };
}

/** One line: a bar on a terminal, percent, counts and the rate so far. */
export function progressLine(done: number, total: number, seconds: number, withBar: boolean): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * WIDTH);
  const bar = withBar ? `[${"#".repeat(filled)}${"-".repeat(WIDTH - filled)}] ` : "";
  // The first packets are done before the clock has moved.
  const rate = seconds >= 0.1 ? `  ${formatCount(Math.round(done / seconds))}/s` : "";
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  return `${bar}${percent}  ${formatCount(done)} of ${formatCount(total)} translations${rate}`;
}
