import { IDLE_CLASSES, type StateSignal } from "./signals/table.ts";

/** How many of these have been idle for longer than `seconds`, which must be one of `IDLE_CLASSES`. */
export function idleLonger(states: readonly StateSignal[], seconds: number): number {
  const first = IDLE_CLASSES.indexOf(seconds) + 1;
  if (first === 0) throw new RangeError(`idle times are not counted from ${seconds} s on`);
  return states.reduce((sum, { idle }) => sum + (idle ?? []).slice(first).reduce((all, count) => all + count, 0), 0);
}

/** How many of these have been idle for at most `seconds`, which must be one of `IDLE_CLASSES`. */
export function idleAtMost(states: readonly StateSignal[], seconds: number): number {
  const all = states.reduce((sum, { idle }) => sum + (idle ?? []).reduce((one, count) => one + count, 0), 0);
  return all - idleLonger(states, seconds);
}
