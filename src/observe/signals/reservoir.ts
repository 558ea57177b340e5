/** Keeps so many of any number of things, each with the same chance. */
export class Reservoir<T> {
  readonly #size: number;
  readonly #random: () => number;
  readonly #kept: T[] = [];
  #seen = 0;

  constructor(size: number, random: () => number = Math.random) {
    this.#size = size;
    this.#random = random;
  }

  /** Offers one; it is only made if it is kept. */
  offer(make: () => T): void {
    this.#seen++;
    if (this.#kept.length < this.#size) {
      this.#kept.push(make());
      return;
    }
    const place = Math.floor(this.#random() * this.#seen);
    if (place < this.#size) this.#kept[place] = make();
  }

  get kept(): readonly T[] {
    return this.#kept;
  }

  /** How many were offered. */
  get seen(): number {
    return this.#seen;
  }
}
