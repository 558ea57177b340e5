/** A text with its line starts, to turn offsets into lines and columns. */
export class Lines {
  readonly text: string;
  readonly #starts: readonly number[];

  constructor(text: string) {
    this.text = text;
    const starts = [0];
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.#starts = starts;
  }

  /** Line and column, both counted from 1, of an offset in UTF-16 units. */
  position(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }

  /** A line counted from 1, without its line break. */
  line(number: number): string {
    const end = this.#starts[number];
    return this.text.slice(this.#starts[number - 1], end === undefined ? undefined : end - 1).replace(/\r$/, "");
  }
}
