import { HOST_LITTLE_ENDIAN, MESSAGE_HEADER } from "../netlink/header.ts";
import { NFGENMSG } from "../netlink/nfnetlink.ts";
import type { AddressPrefix } from "./address-prefix.ts";
import {
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_IP_V6_DST,
  CTA_IP_V6_SRC,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_NUM,
  CTA_TUPLE_IP,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_PROTO,
  CTA_TUPLE_REPLY,
} from "./attributes.ts";

/** Which events the kernel is to queue for us; what is absent is not asked for, one of a list is enough. */
export interface EventFilter {
  /** IANA numbers. */
  readonly protocols?: readonly number[];
  /** Who began the connection. */
  readonly sources?: readonly AddressPrefix[];
  /** Where to, before any translation. */
  readonly destinations?: readonly AddressPrefix[];
  /** What the source was translated to: the destination of answers. */
  readonly publics?: readonly AddressPrefix[];
  /** Ports it went to, before any translation. */
  readonly ports?: readonly number[];
}

/** Instructions of classic BPF (include/uapi/linux/filter.h) that are needed here. */
const LOAD_CONSTANT = 0x00;
const LOAD_INDEX_CONSTANT = 0x01;
const LOAD_WORD = 0x20;
const LOAD_WORD_INDEXED = 0x40;
const LOAD_HALF_INDEXED = 0x48;
const LOAD_BYTE_INDEXED = 0x50;
const AND_CONSTANT = 0x54;
const INDEX_FROM_ACCUMULATOR = 0x07;
const JUMP = 0x05;
const JUMP_IF_EQUAL = 0x15;
const RETURN_CONSTANT = 0x06;
/** Loads from here on mean helpers: find an attribute of type X from offset A on, or inside the attribute at A. */
const SKF_AD_OFF = 0xfffff000;
const SKF_AD_NLATTR = SKF_AD_OFF + 12;
const SKF_AD_NLATTR_NEST = SKF_AD_OFF + 16;
const PAYLOAD = 4;
const WHOLE = 0xffffffff;
/** The kernel takes no longer programs. */
const MAX_INSTRUCTIONS = 4096;

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, constant: number];

type Pair = readonly [number, number];
/** Bytes of an address of IPv4 and of IPv6. */
const FAMILY_BYTES: Pair = [4, 16];

/** Bytes of one `struct sock_filter`. */
export const INSTRUCTION_BYTES = 8;

/**
 * The filter as a classic BPF program (array of `struct sock_filter`) for a socket that gets ctnetlink's messages;
 * undefined if there is nothing to filter. An event that lacks what is asked for does not pass, so prefixes of one
 * family let nothing of the other through. Throws a RangeError if it gets longer than the kernel takes.
 */
export function eventFilterProgram(filter: EventFilter): Uint8Array | undefined {
  const { protocols = [], ports = [], sources = [], destinations = [], publics = [] } = filter;
  const orig = [CTA_TUPLE_ORIG, CTA_TUPLE_IP] as const;
  const conditions = [
    condition([numbers([CTA_TUPLE_ORIG, CTA_TUPLE_PROTO, CTA_PROTO_NUM], LOAD_BYTE_INDEXED, protocols)]),
    condition([numbers([CTA_TUPLE_ORIG, CTA_TUPLE_PROTO, CTA_PROTO_DST_PORT], LOAD_HALF_INDEXED, ports)]),
    condition(prefixes(orig, [CTA_IP_V4_SRC, CTA_IP_V6_SRC], sources)),
    condition(prefixes(orig, [CTA_IP_V4_DST, CTA_IP_V6_DST], destinations)),
    condition(prefixes([CTA_TUPLE_REPLY, CTA_TUPLE_IP], [CTA_IP_V4_DST, CTA_IP_V6_DST], publics)),
  ].flat();
  if (conditions.length === 0) return undefined;
  const program = [...conditions, returns(WHOLE)];
  if (program.length > MAX_INSTRUCTIONS) {
    throw new RangeError(
      `the filter takes ${program.length} steps, the kernel ${MAX_INSTRUCTIONS}: name fewer prefixes`,
    );
  }
  const bytes = new DataView(new ArrayBuffer(program.length * INSTRUCTION_BYTES));
  for (const [index, [code, jumpTrue, jumpFalse, constant]] of program.entries()) {
    bytes.setUint16(index * INSTRUCTION_BYTES, code, HOST_LITTLE_ENDIAN);
    bytes.setUint8(index * INSTRUCTION_BYTES + 2, jumpTrue);
    bytes.setUint8(index * INSTRUCTION_BYTES + 3, jumpFalse);
    bytes.setUint32(index * INSTRUCTION_BYTES + 4, constant >>> 0, HOST_LITTLE_ENDIAN);
  }
  return new Uint8Array(bytes.buffer);
}

/** Where a field is, by the types of the attributes around it. */
type Path = readonly [outer: number, middle: number, inner: number];
/** A load from the field, and what it must give after an AND with the mask. */
type Step = readonly [load: number, offset: number, mask: number, wanted: number];
/** A field, and what it may be: all steps of one of the `values`. */
interface Field {
  readonly path: Path;
  readonly values: readonly (readonly Step[])[];
}

function numbers(path: Path, load: number, values: readonly number[]): Field {
  return { path, values: values.map((value) => [[load, 0, WHOLE, value]]) };
}

function prefixes([outer, middle]: readonly [number, number], types: Pair, all: readonly AddressPrefix[]): Field[] {
  return types.map((type, index) => ({
    path: [outer, middle, type],
    values: all.filter(({ bytes }) => bytes.length === FAMILY_BYTES[index]).map(prefixSteps),
  }));
}

/** A word of four bytes at a time, as far as the prefix goes. */
function prefixSteps({ bytes, length }: AddressPrefix): Step[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const steps: Step[] = [];
  for (let at = 0; at * 8 < length; at += 4) {
    const bits = Math.min(32, length - at * 8);
    const mask = (WHOLE << (32 - bits)) >>> 0;
    steps.push([LOAD_WORD_INDEXED, at, mask, (view.getUint32(at) & mask) >>> 0]);
  }
  return steps;
}

/** Instructions that fall through if one of the fields is there and has one of its values, and else reject the event. */
function condition(fields: readonly Field[]): Instruction[] {
  const asked = fields.filter(({ values }) => values.length > 0);
  if (asked.length === 0) return [];
  // From the end: what matches jumps over all that comes after it, the rejection included.
  let after = [returns(0)];
  for (const { path, values } of asked.toReversed()) {
    let tests: Instruction[] = [];
    for (const steps of values.toReversed()) {
      const matched: Instruction = [JUMP, 0, 0, tests.length + after.length];
      let block = [matched];
      for (const [load, offset, mask, wanted] of steps.toReversed()) {
        block = [
          [load, 0, 0, PAYLOAD + offset],
          ...(mask === WHOLE ? [] : [[AND_CONSTANT, 0, 0, mask] as const]),
          [JUMP_IF_EQUAL, 0, block.length, wanted],
          ...block,
        ];
      }
      tests = [...block, ...tests];
    }
    after = [...findField(path, tests.length + 1), [INDEX_FROM_ACCUMULATOR, 0, 0, 0], ...tests, ...after];
  }
  return after;
}

/** Puts the offset of the nested attribute into the accumulator; if it is not there, jumps over the next `skip`. */
function findField(path: Path, skip: number): Instruction[] {
  let found: Instruction[] = [];
  for (const [depth, type] of [...path.entries()].toReversed()) {
    found = [
      [LOAD_INDEX_CONSTANT, 0, 0, type],
      [LOAD_WORD, 0, 0, depth === 0 ? SKF_AD_NLATTR : SKF_AD_NLATTR_NEST],
      [JUMP_IF_EQUAL, 0, 1, 0],
      [JUMP, 0, 0, found.length + skip],
      ...found,
    ];
  }
  return [[LOAD_CONSTANT, 0, 0, MESSAGE_HEADER + NFGENMSG], ...found];
}

function returns(bytes: number): Instruction {
  return [RETURN_CONSTANT, 0, 0, bytes];
}
