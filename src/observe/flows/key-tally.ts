/** Words of a key: an IPv6 address fits, or an IPv4 address mapped into one. */
const KEY_WORDS = 4;
const FIRST_CAPACITY = 1 << 12;
/** Places looked at to find the middle count: all of a small table. */
const SAMPLE = 1 << 16;

/** A key and how often it came. */
export interface Tallied {
  readonly key: readonly [number, number, number, number];
  readonly count: number;
}

/**
 * Counts how often keys come, in memory that is bounded: a hash table with open addressing in typed arrays. Exact up to
 * `limit` distinct keys. From then on it keeps the frequent ones: when the table is full, the middle count is taken off
 * all, and those left with nothing are forgotten (Misra and Gries 1982, as improved by Anderson et al. 2017, "A
 * High-Performance Algorithm for Identifying Frequent Items in Data Streams"). A count is then too low by `error` at
 * most, and a key that is not there came `error` times at most.
 */
export class KeyTally {
  readonly limit: number;
  #capacity = FIRST_CAPACITY;
  #keys = new Uint32Array(FIRST_CAPACITY * KEY_WORDS);
  #counts = new Uint32Array(FIRST_CAPACITY);
  #size = 0;
  /** How much has been taken off every count. */
  error = 0;
  /** All that was counted. */
  total = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Keys in the table: all there are, as long as `error` is 0. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of the table. */
  get bytes(): number {
    return this.#capacity * (KEY_WORDS + 1) * 4;
  }

  add(a: number, b: number, c: number, d: number): void {
    this.total++;
    const slot = this.#slot(a, b, c, d);
    const count = this.#counts[slot] ?? 0;
    this.#counts[slot] = count + 1;
    if (count > 0) return;
    this.#put(slot, a, b, c, d);
    if (++this.#size > this.limit) this.#forget();
    else if (this.#size * 2 > this.#capacity) this.#move(this.#capacity * 2, 0);
  }

  /** The count of a key, 0 if it is not there. */
  count(a: number, b: number, c: number, d: number): number {
    return this.#counts[this.#slot(a, b, c, d)] ?? 0;
  }

  /** The `n` most frequent keys, those of one count in the order of the keys; with `fits`, of those that do. */
  top(n: number, fits?: (key: Tallied["key"]) => boolean): Tallied[] {
    const best: Tallied[] = [];
    for (let slot = 0; slot < this.#capacity; slot++) {
      const count = this.#counts[slot] ?? 0;
      if (count === 0 || (best.length === n && count < (best[n - 1]?.count ?? 0))) continue;
      const row: Tallied = { key: this.#key(slot), count };
      if (fits !== undefined && !fits(row.key)) continue;
      let [low, high] = [0, best.length];
      while (low < high) {
        const middle = (low + high) >>> 1;
        const other = best[middle];
        if (other === undefined || compare(row, other) < 0) high = middle;
        else low = middle + 1;
      }
      best.splice(low, 0, row);
      if (best.length > n) best.pop();
    }
    return best;
  }

  /** Shows every key there is, in no order. */
  each(visit: (key: Tallied["key"], count: number) => void): void {
    for (let slot = 0; slot < this.#capacity; slot++) {
      const count = this.#counts[slot] ?? 0;
      if (count > 0) visit(this.#key(slot), count);
    }
  }

  #key(slot: number): Tallied["key"] {
    const [keys, at] = [this.#keys, slot * KEY_WORDS];
    return [keys[at] ?? 0, keys[at + 1] ?? 0, keys[at + 2] ?? 0, keys[at + 3] ?? 0];
  }

  /** Where the key is, or the free place where it belongs. */
  #slot(a: number, b: number, c: number, d: number): number {
    const keys = this.#keys;
    const mask = this.#capacity - 1;
    let slot = hash(a, b, c, d) & mask;
    while ((this.#counts[slot] ?? 0) !== 0) {
      const at = slot * KEY_WORDS;
      if (keys[at + 3] === d && keys[at + 2] === c && keys[at + 1] === b && keys[at] === a) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #put(slot: number, a: number, b: number, c: number, d: number): void {
    const at = slot * KEY_WORDS;
    this.#keys[at] = a;
    this.#keys[at + 1] = b;
    this.#keys[at + 2] = c;
    this.#keys[at + 3] = d;
  }

  #forget(): void {
    const sample = new Uint32Array(SAMPLE);
    let taken = 0;
    const step = Math.max(1, Math.floor(this.#capacity / SAMPLE));
    for (let slot = 0; slot < this.#capacity; slot += step) {
      const count = this.#counts[slot] ?? 0;
      if (count > 0) sample[taken++] = count;
    }
    const middle = Math.max(1, sample.subarray(0, taken).sort()[taken >>> 1] ?? 1);
    this.error += middle;
    this.#move(this.#capacity, middle);
  }

  /** Makes a new table of those that have more than `less`, that taken off. */
  #move(capacity: number, less: number): void {
    const [keys, counts] = [this.#keys, this.#counts];
    this.#capacity = capacity;
    this.#keys = new Uint32Array(capacity * KEY_WORDS);
    this.#counts = new Uint32Array(capacity);
    this.#size = 0;
    for (let from = 0; from < counts.length; from++) {
      const count = counts[from] ?? 0;
      if (count <= less) continue;
      const at = from * KEY_WORDS;
      const [a = 0, b = 0, c = 0, d = 0] = [keys[at], keys[at + 1], keys[at + 2], keys[at + 3]];
      const slot = this.#slot(a, b, c, d);
      this.#put(slot, a, b, c, d);
      this.#counts[slot] = count - less;
      this.#size++;
    }
  }
}

/** The murmur3 mixing of four words. */
function hash(a: number, b: number, c: number, d: number): number {
  let h = Math.imul(d, 0xcc9e2d51);
  h = Math.imul(h ^ (h >>> 15) ^ c, 0x1b873593);
  h = Math.imul(h ^ (h >>> 13) ^ b, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16) ^ a, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** More frequent first, then by key. */
function compare(x: Tallied, y: Tallied): number {
  if (x.count !== y.count) return y.count - x.count;
  for (let i = 0; i < KEY_WORDS; i++) {
    const difference = (x.key[i] ?? 0) - (y.key[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
