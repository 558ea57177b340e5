/**
 * The bytes that entries are read from, seen in three widths. Netlink aligns messages and attributes to four bytes, so
 * headers, which have the host's byte order, are read as whole halves and words: half the time that a DataView takes.
 * Payloads are big-endian and read byte by byte. No check of bounds here: who calls has compared with the attribute.
 */
export class EntryBuffer {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;

  /** `bytes` must begin at a multiple of four in its memory, as what Buffer.alloc gives does. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 1);
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
  }

  u16(at: number): number {
    return ((this.bytes[at] ?? 0) << 8) | (this.bytes[at + 1] ?? 0);
  }

  u32(at: number): number {
    const { bytes } = this;
    return (
      (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>>
      0
    );
  }

  /** A 64-bit number; exact only up to 2^53. */
  u64(at: number): number {
    return this.u32(at) * 0x1_0000_0000 + this.u32(at + 4);
  }

  /** A 64-bit number, exact. */
  bigU64(at: number): bigint {
    return (BigInt(this.u32(at)) << 32n) | BigInt(this.u32(at + 4));
  }
}
