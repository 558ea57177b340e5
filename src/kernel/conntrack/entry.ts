import { ATTRIBUTE_HEADER, NLA_TYPE_MASK } from "../netlink/header.ts";
import { NFGENMSG } from "../netlink/nfnetlink.ts";
import {
  CTA_HELP,
  CTA_HELP_NAME,
  CTA_ID,
  CTA_LABELS,
  CTA_MARK,
  CTA_PROTOINFO,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_REPLY,
  CTA_SECCTX,
  CTA_SECCTX_NAME,
  CTA_SEQ_ADJ_ORIG,
  CTA_SEQ_ADJ_REPLY,
  CTA_STATUS,
  CTA_SYNPROXY,
  CTA_TIMEOUT,
  CTA_TIMESTAMP,
  CTA_TIMESTAMP_EVENT,
  CTA_TUPLE_MASTER,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  CTA_USE,
  CTA_ZONE,
} from "./attributes.ts";
import { EntryBuffer } from "./entry-buffer.ts";
import { EntryTuple } from "./entry-tuple.ts";

/** Types fit a word of bits, one each; kernels up to now send none above 28. */
const TYPES = 32;
/** Least payload bytes by attribute type; 255 for those that no entry has. */
const LEAST = new Uint8Array(TYPES).fill(255);
for (const nest of [
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  CTA_TUPLE_MASTER,
  CTA_PROTOINFO,
  CTA_HELP,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_REPLY,
  CTA_SECCTX,
  CTA_SEQ_ADJ_ORIG,
  CTA_SEQ_ADJ_REPLY,
  CTA_SYNPROXY,
  CTA_TIMESTAMP,
  CTA_LABELS,
]) {
  LEAST[nest] = 0;
}
for (const word of [CTA_STATUS, CTA_TIMEOUT, CTA_MARK, CTA_USE, CTA_ID]) LEAST[word] = 4;
LEAST[CTA_ZONE] = 2;
LEAST[CTA_TIMESTAMP_EVENT] = 8;

/**
 * One entry of the connection table, read in place from a netlink message without making an object. `scan` notes where
 * each attribute lies and checks all lengths; numbers are decoded when asked for. What an attribute that is not there
 * would say is 0.
 */
export class ConnectionEntry {
  readonly buffer: EntryBuffer;
  readonly original: EntryTuple;
  readonly reply: EntryTuple;
  /** The connection that expected this one, once `readMaster` was called. */
  readonly master: EntryTuple;
  /** AF_INET 2 or AF_INET6 10, as the message's head says. */
  family = 0;
  /** Bit n: there is an attribute of type n. */
  present = 0;
  /** Attributes of types not known here, skipped; over all entries scanned. */
  unknown = 0;
  /** Entries with wrong lengths or without their tuples, over all scanned. */
  malformed = 0;
  readonly #at = new Uint32Array(TYPES);
  readonly #end = new Uint32Array(TYPES);

  constructor(bytes: Uint8Array) {
    this.buffer = new EntryBuffer(bytes);
    this.original = new EntryTuple(this.buffer);
    this.reply = new EntryTuple(this.buffer);
    this.master = new EntryTuple(this.buffer);
  }

  /** Goes to the entry whose body, from its nfgenmsg on, lies between two offsets; false if it is malformed. */
  scan(start: number, end: number): boolean {
    const { bytes, halves } = this.buffer;
    this.present = 0;
    if (end - start < NFGENMSG || end > bytes.length || (start & 3) !== 0) return this.#reject();
    this.family = bytes[start] ?? 0;
    for (let at = start + NFGENMSG; end - at >= ATTRIBUTE_HEADER;) {
      const length = halves[at >>> 1] ?? 0;
      const type = (halves[(at >>> 1) + 1] ?? 0) & NLA_TYPE_MASK;
      if (length < ATTRIBUTE_HEADER || length > end - at) return this.#reject();
      const least = type < TYPES ? (LEAST[type] ?? 255) : 255;
      if (least === 255) this.unknown++;
      else if (length < ATTRIBUTE_HEADER + least) return this.#reject();
      else {
        this.#at[type] = at + ATTRIBUTE_HEADER;
        this.#end[type] = at + length;
        this.present |= 1 << type;
      }
      at += (length + 3) & ~3;
    }
    const tuples = (1 << CTA_TUPLE_ORIG) | (1 << CTA_TUPLE_REPLY);
    if ((this.present & tuples) !== tuples) return this.#reject();
    if (!this.original.read(this.at(CTA_TUPLE_ORIG), this.end(CTA_TUPLE_ORIG))) return this.#reject();
    if (!this.reply.read(this.at(CTA_TUPLE_REPLY), this.end(CTA_TUPLE_REPLY))) return this.#reject();
    this.unknown += this.original.unknown + this.reply.unknown;
    return true;
  }

  /** Says whether there is an attribute of the type. */
  has(type: number): boolean {
    return ((this.present >>> type) & 1) !== 0;
  }

  /** Where its payload begins; only good if it is there. */
  at(type: number): number {
    return this.#at[type] ?? 0;
  }

  /** The first byte after its payload; only good if it is there. */
  end(type: number): number {
    return this.#end[type] ?? 0;
  }

  /** `STATUS` bits. */
  get status(): number {
    return this.#word(CTA_STATUS);
  }

  /** Seconds left. */
  get timeout(): number {
    return this.#word(CTA_TIMEOUT);
  }

  get mark(): number {
    return this.#word(CTA_MARK);
  }

  get id(): number {
    return this.#word(CTA_ID);
  }

  /** References to the entry in the kernel. */
  get use(): number {
    return this.#word(CTA_USE);
  }

  /** The zone of both directions; for one direction alone see the tuple. */
  get zone(): number {
    return this.has(CTA_ZONE) ? this.buffer.u16(this.at(CTA_ZONE)) : 0;
  }

  /** Reads the tuple of the connection that expected this one; false if there is none. */
  readMaster(): boolean {
    return this.has(CTA_TUPLE_MASTER) && this.master.read(this.at(CTA_TUPLE_MASTER), this.end(CTA_TUPLE_MASTER));
  }

  /**
   * Where the payload of an attribute inside another one begins, 0 if it is not there or shorter than `least` bytes;
   * `nestedEnd` is its end then.
   */
  nested(type: number, inner: number, least: number): number {
    return this.has(type) ? this.find(this.at(type), this.end(type), inner, least) : 0;
  }

  /** As `nested`, between two offsets. */
  find(start: number, end: number, wanted: number, least: number): number {
    const { halves } = this.buffer;
    for (let at = start; end - at >= ATTRIBUTE_HEADER;) {
      const length = halves[at >>> 1] ?? 0;
      if (length < ATTRIBUTE_HEADER || length > end - at) return 0;
      if (((halves[(at >>> 1) + 1] ?? 0) & NLA_TYPE_MASK) === wanted) {
        if (length < ATTRIBUTE_HEADER + least) return 0;
        this.nestedEnd = at + length;
        return at + ATTRIBUTE_HEADER;
      }
      at += (length + 3) & ~3;
    }
    return 0;
  }

  /** Where the attribute last found ends. */
  nestedEnd = 0;

  /** Where the name of the helper begins, `nestedEnd` where it ends; 0: none. */
  helper(): number {
    return this.#name(CTA_HELP, CTA_HELP_NAME);
  }

  /** Where the security context begins, `nestedEnd` where it ends; 0: none. */
  securityContext(): number {
    return this.#name(CTA_SECCTX, CTA_SECCTX_NAME);
  }

  /** The zero byte at its end is left out. */
  #name(type: number, inner: number): number {
    const at = this.nested(type, inner, 1);
    if (at === 0) return 0;
    const { bytes } = this.buffer;
    let end = at;
    while (end < this.nestedEnd && bytes[end] !== 0) end++;
    this.nestedEnd = end;
    return at;
  }

  #word(type: number): number {
    return this.has(type) ? this.buffer.u32(this.at(type)) : 0;
  }

  #reject(): false {
    this.malformed++;
    return false;
  }
}
