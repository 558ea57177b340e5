import { align, ATTRIBUTE_HEADER, HOST_LITTLE_ENDIAN, malformed, MESSAGE_HEADER, NLA_TYPE_MASK } from "./header.ts";

/*
 * Both cursors move over a buffer that is reused for every read: no object is made per message or attribute. All
 * offsets are checked against the enclosing message or attribute, so a wrong length throws `kernel-malformed` and never
 * reads what a former answer left in the buffer. Each step goes forward, so there is no endless loop.
 */

/** Moves from message to message in what one read brought. */
export class MessageCursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #next = 0;
  #limit = 0;
  type = 0;
  flags = 0;
  sequence = 0;
  /** First byte after the header. */
  start = 0;
  /** First byte after the message. */
  end = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Begins anew at the first of `length` bytes, which begin at `from`. */
  reset(length: number, from = 0): this {
    if (from + length > this.bytes.length) throw malformed("an answer longer than its buffer");
    this.#next = from;
    this.#limit = from + length;
    return this;
  }

  /** Goes to the next message; false when there is none. */
  next(): boolean {
    const at = this.#next;
    const left = this.#limit - at;
    if (left <= 0) return false;
    if (left < MESSAGE_HEADER) throw malformed("a netlink message cut off in its header");
    const length = this.#view.getUint32(at, HOST_LITTLE_ENDIAN);
    if (length < MESSAGE_HEADER || length > left) throw malformed(`a netlink message of ${length} bytes in ${left}`);
    this.type = this.#view.getUint16(at + 4, HOST_LITTLE_ENDIAN);
    this.flags = this.#view.getUint16(at + 6, HOST_LITTLE_ENDIAN);
    this.sequence = this.#view.getUint32(at + 8, HOST_LITTLE_ENDIAN);
    this.start = at + MESSAGE_HEADER;
    this.end = at + length;
    this.#next = at + align(length);
    return true;
  }

  /** A byte of the family's fixed part, `offset` bytes after the header. */
  u8(offset: number): number {
    return this.#view.getUint8(this.#at(offset, 1));
  }

  u16(offset: number): number {
    return this.#view.getUint16(this.#at(offset, 2), HOST_LITTLE_ENDIAN);
  }

  u32(offset: number): number {
    return this.#view.getUint32(this.#at(offset, 4), HOST_LITTLE_ENDIAN);
  }

  i32(offset: number): number {
    return this.#view.getInt32(this.#at(offset, 4), HOST_LITTLE_ENDIAN);
  }

  #at(offset: number, size: number): number {
    const at = this.start + offset;
    if (at + size > this.end) throw malformed(`a message of type ${this.type} shorter than its fixed part`);
    return at;
  }
}

/** Moves from attribute to attribute inside a message or inside another attribute. */
export class AttributeCursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #next = 0;
  #limit = 0;
  /** Without the flag bits. */
  type = 0;
  /** First byte of the payload. */
  start = 0;
  /** First byte after the payload. */
  end = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Begins at the attributes of the message, after `fixedPart` bytes of the family's own struct. */
  inMessage(message: MessageCursor, fixedPart: number): this {
    return this.inside(message.start + align(fixedPart), message.end);
  }

  /** Begins at the attributes nested in the one where `outer` stands. */
  inAttribute(outer: AttributeCursor): this {
    return this.inside(outer.start, outer.end);
  }

  /** Begins at the attributes between two offsets of the buffer. */
  inside(start: number, end: number): this {
    if (start > end || end > this.bytes.length) throw malformed("a message shorter than its fixed part");
    this.#next = start;
    this.#limit = end;
    return this;
  }

  /** Goes to the next attribute; false when there is none. */
  next(): boolean {
    const at = this.#next;
    const left = this.#limit - at;
    // Up to three bytes may be left as padding, as nla_ok() has it.
    if (left < ATTRIBUTE_HEADER) return false;
    const length = this.#view.getUint16(at, HOST_LITTLE_ENDIAN);
    if (length < ATTRIBUTE_HEADER || length > left)
      throw malformed(`a netlink attribute of ${length} bytes in ${left}`);
    this.type = this.#view.getUint16(at + 2, HOST_LITTLE_ENDIAN) & NLA_TYPE_MASK;
    this.start = at + ATTRIBUTE_HEADER;
    this.end = at + length;
    this.#next = at + align(length);
    return true;
  }

  /** Payload length in bytes. */
  get length(): number {
    return this.end - this.start;
  }

  u8(): number {
    return this.#view.getUint8(this.#at(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#at(2), HOST_LITTLE_ENDIAN);
  }

  u16be(): number {
    return this.#view.getUint16(this.#at(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#at(4), HOST_LITTLE_ENDIAN);
  }

  u32be(): number {
    return this.#view.getUint32(this.#at(4));
  }

  i32(): number {
    return this.#view.getInt32(this.#at(4), HOST_LITTLE_ENDIAN);
  }

  u64be(): bigint {
    return this.#view.getBigUint64(this.#at(8));
  }

  /** Text up to the first zero byte or the end of the payload. */
  text(): string {
    const zero = this.bytes.subarray(this.start, this.end).indexOf(0);
    const end = zero < 0 ? this.end : this.start + zero;
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.start, end - this.start).toString("utf8");
  }

  /** The offset of the payload, once it is sure to have `size` bytes. */
  require(size: number): number {
    return this.#at(size);
  }

  /** A copy of the payload, good after the buffer is reused. */
  copy(): Uint8Array {
    return this.bytes.slice(this.start, this.end);
  }

  #at(size: number): number {
    if (this.start + size > this.end) throw malformed(`attribute ${this.type} has ${this.length} bytes, not ${size}`);
    return this.start;
  }
}
