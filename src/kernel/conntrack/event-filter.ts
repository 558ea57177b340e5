import type { Ipv4Prefix } from "../../address/ipv4-prefix.ts";
import { HOST_LITTLE_ENDIAN, MESSAGE_HEADER } from "../netlink/header.ts";
import { NFGENMSG } from "../netlink/nfnetlink.ts";
import {
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
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
  readonly sources?: readonly Ipv4Prefix[];
  /** Where to, before any translation. */
  readonly destinations?: readonly Ipv4Prefix[];
  /** What the source was translated to: the destination of answers. */
  readonly publics?: readonly Ipv4Prefix[];
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

/** Bytes of one `struct sock_filter`. */
export const INSTRUCTION_BYTES = 8;

/**
 * The filter as a classic BPF program (array of `struct sock_filter`) for a socket that gets ctnetlink's messages;
 * undefined if there is nothing to filter. An event that lacks what is asked for does not pass, so prefixes let no IPv6
 * through. Throws a RangeError if it gets longer than the kernel takes.
 */
export function eventFilterProgram(filter: EventFilter): Uint8Array | undefined {
  const conditions = [
    any(filter.protocols, [CTA_TUPLE_ORIG, CTA_TUPLE_PROTO, CTA_PROTO_NUM], LOAD_BYTE_INDEXED, exactly),
    any(filter.ports, [CTA_TUPLE_ORIG, CTA_TUPLE_PROTO, CTA_PROTO_DST_PORT], LOAD_HALF_INDEXED, exactly),
    any(filter.sources, [CTA_TUPLE_ORIG, CTA_TUPLE_IP, CTA_IP_V4_SRC], LOAD_WORD_INDEXED, within),
    any(filter.destinations, [CTA_TUPLE_ORIG, CTA_TUPLE_IP, CTA_IP_V4_DST], LOAD_WORD_INDEXED, within),
    any(filter.publics, [CTA_TUPLE_REPLY, CTA_TUPLE_IP, CTA_IP_V4_DST], LOAD_WORD_INDEXED, within),
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

/** What one value of a list asks of the field: after an AND with `mask` it must be `wanted`. */
interface Test {
  readonly mask: number;
  readonly wanted: number;
}

function exactly(value: number): Test {
  return { mask: WHOLE, wanted: value };
}

function within({ address, length }: Ipv4Prefix): Test {
  const mask = length === 0 ? 0 : (WHOLE << (32 - length)) >>> 0;
  return { mask, wanted: (address & mask) >>> 0 };
}

/** Instructions that fall through if the field passes one of the tests, and reject the event if none. */
function any<T>(
  values: readonly T[] | undefined,
  path: readonly [number, number, number],
  load: number,
  testOf: (value: T) => Test,
): Instruction[] {
  if (values === undefined || values.length === 0) return [];
  const tests = values.map((value) => testOf(value));
  const blocks: Instruction[][] = tests.map(({ mask, wanted }) => [
    [load, 0, 0, PAYLOAD],
    ...(mask === WHOLE ? [] : [[AND_CONSTANT, 0, 0, mask] as const]),
    [JUMP_IF_EQUAL, 0, 1, wanted],
  ]);
  const field: Instruction[] = [];
  // Each block that matches jumps over those after it and the final rejection.
  let after = 1;
  for (const block of blocks.toReversed()) {
    field.unshift(...block, [JUMP, 0, 0, after]);
    after += block.length + 1;
  }
  return [...findField(path), [INDEX_FROM_ACCUMULATOR, 0, 0, 0], ...field, returns(0)];
}

/** Puts the offset of the nested attribute into the accumulator, or rejects the event. */
function findField(path: readonly [number, number, number]): Instruction[] {
  return [
    [LOAD_CONSTANT, 0, 0, MESSAGE_HEADER + NFGENMSG],
    ...path.flatMap((type, depth): Instruction[] => [
      [LOAD_INDEX_CONSTANT, 0, 0, type],
      [LOAD_WORD, 0, 0, depth === 0 ? SKF_AD_NLATTR : SKF_AD_NLATTR_NEST],
      [JUMP_IF_EQUAL, 0, 1, 0],
      returns(0),
    ]),
  ];
}

function returns(bytes: number): Instruction {
  return [RETURN_CONSTANT, 0, 0, bytes];
}
