/** Addresses of either family that begin alike. */
export interface AddressPrefix {
  /** Four or sixteen. */
  readonly bytes: Uint8Array;
  /** Bits. */
  readonly length: number;
}

/** Says whether the address whose bytes begin at `at` has the prefix; it must be of the prefix's family. */
export function hasPrefix(bytes: Uint8Array, at: number, { bytes: prefix, length }: AddressPrefix): boolean {
  const whole = length >>> 3;
  for (let i = 0; i < whole; i++) if (bytes[at + i] !== prefix[i]) return false;
  const rest = length & 7;
  return rest === 0 || (((bytes[at + whole] ?? 0) ^ (prefix[whole] ?? 0)) & (0xff00 >>> rest) & 0xff) === 0;
}
