/** Bits for each connection expected: one in sixteen new ones is then taken for a known one, which `missed` tells. */
const BITS_PER_CONNECTION = 16;
const LEAST_BITS = 1 << 16;
/** 32 MB: enough for ten million and more. */
const MOST_BITS = 1 << 28;

/**
 * Which connections a reading of the table saw: a bit for each, by the kernel's id of the connection, which is a hash.
 * What is not in it was not there; what is in it may have been another with the same bit, as often as `missed` says.
 */
export class SeenConnections {
  readonly #words: Uint32Array;
  readonly #mask: number;
  #set = 0;

  /** `expected`: connections in the table; more than that only raise `missed`. */
  constructor(expected: number) {
    const wanted = Math.max(1, expected) * BITS_PER_CONNECTION;
    const bits = Math.min(MOST_BITS, Math.max(LEAST_BITS, 2 ** Math.ceil(Math.log2(wanted))));
    this.#words = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
  }

  add(id: number): void {
    const bit = id & this.#mask;
    const before = this.#words[bit >>> 5] ?? 0;
    const after = before | (1 << (bit & 31));
    if (before === after >>> 0) return;
    this.#words[bit >>> 5] = after;
    this.#set += 1;
  }

  has(id: number): boolean {
    const bit = id & this.#mask;
    return (((this.#words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }

  /** The part of connections never seen for which `has` says true, 0 to 1. */
  get missed(): number {
    return this.#set / (this.#mask + 1);
  }
}
