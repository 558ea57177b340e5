/** DEVICES in bpf/fastpath/settings.h. */
export const DEVICE_SLOTS = 64;
const SLOT_SHIFT = 26;
/** The golden ratio's odd neighbour: spreads small numbers that follow each other. */
const FIRST_FACTOR = 0x9e3779b1;
/** From one factor to the next, far away: odd as well, and of the form 8n + 5, so that 2^30 follow before one comes again. */
const STEP = 0x5851f42d;
const TRIES = 1 << 20;

/** The slot of an interface's index: device_slot in bpf/fastpath/settings.h. */
export function deviceSlot(index: number, factor: number): number {
  return Math.imul(index, factor) >>> SLOT_SHIFT;
}

/**
 * An odd factor that gives each of the interfaces a slot of its own, so that the programs find one by a multiplication.
 * Undefined if there is none: more interfaces than slots, or nearly as many.
 */
export function findDeviceFactor(indices: readonly number[]): number | undefined {
  if (indices.length > DEVICE_SLOTS) return undefined;
  for (let attempt = 0, factor = FIRST_FACTOR; attempt < TRIES; attempt++, factor = Math.imul(factor, STEP) >>> 0) {
    const slots = new Set(indices.map((index) => deviceSlot(index, factor)));
    if (slots.size === indices.length) return factor;
  }
  return undefined;
}
