import { align, ATTRIBUTE_HEADER, HOST_LITTLE_ENDIAN, MESSAGE_HEADER, NLA_F_NESTED } from "./header.ts";

const MAX_ATTRIBUTE = 0xffff;

/** Writes one netlink message: header, the family's fixed part, attributes. Numbers are in host order unless named `be`. */
export class NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = MESSAGE_HEADER;

  constructor(type: number, flags = 0) {
    this.type = type;
    this.flags = flags;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, HOST_LITTLE_ENDIAN);
    return this;
  }

  u16be(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, HOST_LITTLE_ENDIAN);
    return this;
  }

  u32be(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
    return this;
  }

  bytes(value: Uint8Array): this {
    const start = this.#grow(value.length);
    this.#bytes.set(value, start);
    return this;
  }

  /** An attribute whose payload is what `fill` writes; padded to four bytes. */
  attribute(type: number, fill: (message: this) => unknown): this {
    const start = this.#grow(ATTRIBUTE_HEADER);
    fill(this);
    const length = this.#length - start;
    if (length > MAX_ATTRIBUTE) throw new RangeError(`netlink attribute ${type} would have ${length} bytes`);
    this.#view.setUint16(start, length, HOST_LITTLE_ENDIAN);
    this.#view.setUint16(start + 2, type, HOST_LITTLE_ENDIAN);
    this.#grow(align(length) - length);
    return this;
  }

  /** An attribute that holds attributes. */
  nested(type: number, fill: (message: this) => unknown): this {
    return this.attribute(type | NLA_F_NESTED, fill);
  }

  /** A string attribute, with the zero byte at its end that the kernel's NLA_NUL_STRING asks for. */
  text(type: number, value: string): this {
    return this.attribute(type, (message) => message.bytes(Buffer.from(`${value}\0`)));
  }

  /** The finished message, with `flags` added to its own; valid until the next write. */
  finish(sequence: number, flags = 0): Uint8Array {
    this.#view.setUint32(0, this.#length, HOST_LITTLE_ENDIAN);
    this.#view.setUint16(4, this.type, HOST_LITTLE_ENDIAN);
    this.#view.setUint16(6, this.flags | flags, HOST_LITTLE_ENDIAN);
    this.#view.setUint32(8, sequence, HOST_LITTLE_ENDIAN);
    // The kernel fills in nothing here for us and does not read it; 0 is what iproute2 sends.
    this.#view.setUint32(12, 0, HOST_LITTLE_ENDIAN);
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room and gives the offset where it starts; new bytes are zero. Growing replaces `#view`: call this first. */
  #grow(size: number): number {
    const start = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }
}
