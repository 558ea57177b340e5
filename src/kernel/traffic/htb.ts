import type { AttributeCursor } from "../netlink/cursor.ts";
import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";
import type { NetlinkMessage } from "../netlink/message.ts";

/** linux/pkt_sched.h. */
const TCA_HTB_PARMS = 1;
const TCA_HTB_INIT = 2;
const TCA_HTB_DIRECT_QLEN = 5;
const TCA_HTB_RATE64 = 6;
const TCA_HTB_CEIL64 = 7;
const VERSION = 3;
const TC_LINKLAYER_ETHERNET = 1;
/** Offsets in struct tc_htb_opt: the rates are the last word of a struct tc_ratespec each. */
const RATE = 8;
const CEILING = 20;
const PRIORITY = 40;
const TC_HTB_OPT = 44;
const MOST_32 = 0xffffffff;

/** The kernel counts times in 64 ns. */
const TICK_SHIFT = 6;
/** What may go at once after a pause: as much as in this part of a second, and two full frames. */
const BURST_SECONDS = 0.01;
const LEAST_BURST = 3200;
/** Bytes a class sends in its turn: little where lines are slow, a whole merged packet where they are fast. */
const TURN_SECONDS = 0.001;
const LEAST_TURN = 3028;
const MOST_TURN = 65_536;
/** Packets that wait in no class. */
const DIRECT_PACKETS = 1000;

/** A class of the hierarchical token bucket. Bytes per second. */
export interface HtbClass {
  /** 1 to 65535, within its queue. */
  readonly number: number;
  /** Undefined: the queue itself. */
  readonly parent?: number;
  readonly rate: number;
  readonly ceiling: number;
  /** 0 to 7; means nothing where classes are below. */
  readonly priority: number;
  readonly isLeaf: boolean;
}

/** Writes the options of a queue whose packets go to the class `rest` when nothing else is said. */
export function htbQueueOptions(options: NetlinkMessage, rest: number): void {
  options
    .attribute(TCA_HTB_INIT, (glob) => glob.u32(VERSION).u32(10).u32(rest).u32(0).u32(0))
    .attribute(TCA_HTB_DIRECT_QLEN, (packets) => packets.u32(DIRECT_PACKETS));
}

/** Writes the options of a class. */
export function htbClassOptions(options: NetlinkMessage, { rate, ceiling, priority }: HtbClass): void {
  const turn = Math.min(MOST_TURN, Math.max(LEAST_TURN, Math.round(ceiling * TURN_SECONDS)));
  options.attribute(TCA_HTB_PARMS, (parameters) => {
    ratespec(parameters, rate);
    ratespec(parameters, ceiling);
    parameters.u32(ticks(rate)).u32(ticks(ceiling)).u32(turn).u32(0).u32(priority);
  });
  if (rate > MOST_32) options.attribute(TCA_HTB_RATE64, (value) => u64(value, rate));
  if (ceiling > MOST_32) options.attribute(TCA_HTB_CEIL64, (value) => u64(value, ceiling));
}

/** Reads the options from where a cursor stands on them. */
export function decodeHtbClass(options: AttributeCursor): Pick<HtbClass, "rate" | "ceiling" | "priority"> {
  let [rate, ceiling, priority] = [0, 0, 0];
  let [rate64, ceiling64]: (number | undefined)[] = [];
  while (options.next()) {
    if (options.type === TCA_HTB_PARMS) {
      const at = options.require(TC_HTB_OPT);
      const view = new DataView(options.bytes.buffer, options.bytes.byteOffset + at, TC_HTB_OPT);
      rate = view.getUint32(RATE, HOST_LITTLE_ENDIAN);
      ceiling = view.getUint32(CEILING, HOST_LITTLE_ENDIAN);
      priority = view.getUint32(PRIORITY, HOST_LITTLE_ENDIAN);
    } else if (options.type === TCA_HTB_RATE64) rate64 = readU64(options);
    else if (options.type === TCA_HTB_CEIL64) ceiling64 = readU64(options);
  }
  return { rate: rate64 ?? rate, ceiling: ceiling64 ?? ceiling, priority };
}

/** struct tc_ratespec; with a link layer said the kernel wants no table of times. */
function ratespec(message: NetlinkMessage, rate: number): void {
  message.u8(0).u8(TC_LINKLAYER_ETHERNET).u16(0).u16(0).u16(0).u32(Math.min(rate, MOST_32));
}

function ticks(rate: number): number {
  const bytes = Math.max(LEAST_BURST, rate * BURST_SECONDS);
  return Math.min(MOST_32, Math.ceil(((bytes / rate) * 1e9) / 2 ** TICK_SHIFT));
}

function u64(message: NetlinkMessage, value: number): void {
  const [low, high] = [value % 2 ** 32, Math.floor(value / 2 ** 32)];
  const [first, second] = HOST_LITTLE_ENDIAN ? [low, high] : [high, low];
  message.u32(first).u32(second);
}

function readU64(attribute: AttributeCursor): number {
  const at = attribute.require(8);
  const view = new DataView(attribute.bytes.buffer, attribute.bytes.byteOffset + at, 8);
  return Number(view.getBigUint64(0, HOST_LITTLE_ENDIAN));
}
