const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread, for steps that must not give way to others. Milliseconds. */
export function waitFor(milliseconds: number): void {
  Atomics.wait(sleeper, 0, 0, milliseconds);
}
