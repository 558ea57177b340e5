const ROOM = 64 * 1024;
/** No line is longer: labels, names and security contexts are bounded by the kernel. */
const SPARE = 16 * 1024;
const ZERO = 0x30;
const HEX = Buffer.from("0123456789abcdef");

/** Bytes of a constant text, for `ByteWriter.bytes`. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

/**
 * Text built as bytes in a buffer that is handed to `flush` when full and then used again. A line of conntrack costs
 * 0.3 us this way; by strings it would be 2 us and work for the garbage collector.
 */
export class ByteWriter {
  readonly #buffer = new Uint8Array(ROOM + SPARE);
  readonly #flush: (bytes: Uint8Array) => void;
  #at = 0;

  constructor(flush: (bytes: Uint8Array) => void) {
    this.#flush = flush;
  }

  /** How many bytes wait to be flushed. */
  get length(): number {
    return this.#at;
  }

  /** Ends a line; flushes if there is little room left. */
  endLine(): void {
    this.byte(0x0a);
    if (this.#at >= ROOM) this.flush();
  }

  flush(): void {
    if (this.#at > 0) this.#flush(this.#buffer.subarray(0, this.#at));
    this.#at = 0;
  }

  /** Takes back the last byte written. */
  back(): void {
    this.#at--;
  }

  byte(value: number): void {
    this.#buffer[this.#at++] = value;
  }

  bytes(text: Uint8Array): void {
    const buffer = this.#buffer;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) buffer[at++] = text[i] ?? 0;
    this.#at = at;
  }

  /** Copies bytes from elsewhere, at most 4 KB. */
  copy(from: Uint8Array, start: number, end: number): void {
    const buffer = this.#buffer;
    let at = this.#at;
    for (let i = start; i < Math.min(end, start + 4096); i++) buffer[at++] = from[i] ?? 0;
    this.#at = at;
  }

  /** Blanks up to `width` characters since `start`, an earlier `length`. */
  padTo(start: number, width: number): void {
    for (let left = width - (this.#at - start); left > 0; left--) this.byte(0x20);
  }

  /** A whole number from 0 up to 2^53. */
  decimal(value: number): void {
    if (value < 10) {
      this.#buffer[this.#at++] = ZERO + value;
      return;
    }
    let digits = 2;
    for (let power = 100; value >= power && digits < 16; power *= 10) digits++;
    const first = this.#at;
    let at = first + digits;
    this.#at = at;
    let left = value;
    // Division of doubles only as long as the number does not fit 32 bits.
    while (left > 0xffffffff) {
      const rest = Math.floor(left / 10);
      this.#buffer[--at] = ZERO + (left - rest * 10);
      left = rest;
    }
    let small = left >>> 0;
    while (at > first) {
      const rest = (small / 10) >>> 0;
      this.#buffer[--at] = ZERO + (small - rest * 10);
      small = rest;
    }
  }

  /** A whole number of any size. */
  big(value: bigint): void {
    const text = value.toString();
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  /** Without leading zeros or 0x. */
  hex(value: number): void {
    let shift = 28;
    while (shift > 0 && value >>> shift === 0) shift -= 4;
    for (; shift >= 0; shift -= 4) this.byte(HEX[(value >>> shift) & 15] ?? 0);
  }

  ipv4(address: number): void {
    this.#octet(address >>> 24);
    this.byte(0x2e);
    this.#octet((address >>> 16) & 255);
    this.byte(0x2e);
    this.#octet((address >>> 8) & 255);
    this.byte(0x2e);
    this.#octet(address & 255);
  }

  /** The sixteen bytes at `at`, as inet_ntop(3) of glibc has it: RFC 5952, mapped addresses with dots. */
  ipv6(from: Uint8Array, at: number): void {
    const group = (i: number): number => ((from[at + 2 * i] ?? 0) << 8) | (from[at + 2 * i + 1] ?? 0);
    let [first, length] = [-1, 1];
    for (let i = 0; i < 8; i++) {
      let run = 0;
      while (i + run < 8 && group(i + run) === 0) run++;
      if (run > length) [first, length] = [i, run];
      i += Math.max(0, run - 1);
    }
    const mapped = first === 0 && (length === 6 || (length === 5 && group(5) === 0xffff));
    const groups = mapped ? 6 : 8;
    for (let i = 0; i < groups; i++) {
      if (i === first) {
        this.byte(0x3a);
        if (i + length >= groups) this.byte(0x3a);
        i += length - 1;
        continue;
      }
      if (i > 0) this.byte(0x3a);
      this.hex(group(i));
    }
    if (!mapped) return;
    if (length === 5) this.byte(0x3a);
    this.ipv4(((group(6) << 16) | group(7)) >>> 0);
  }

  #octet(value: number): void {
    if (value >= 100) {
      this.#buffer[this.#at++] = ZERO + ((value * 41) >>> 12);
      const rest = value - ((value * 41) >>> 12) * 100;
      this.#buffer[this.#at++] = ZERO + ((rest * 103) >>> 10);
      this.#buffer[this.#at++] = ZERO + (rest - ((rest * 103) >>> 10) * 10);
    } else if (value >= 10) {
      this.#buffer[this.#at++] = ZERO + ((value * 103) >>> 10);
      this.#buffer[this.#at++] = ZERO + (value - ((value * 103) >>> 10) * 10);
    } else this.#buffer[this.#at++] = ZERO + value;
  }
}
