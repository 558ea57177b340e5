import type { NetlinkMessage } from "../netlink/message.ts";

/** linux/pkt_sched.h. */
const TCA_FQ_CODEL_TARGET = 1;
const TCA_FQ_CODEL_LIMIT = 2;
const TCA_FQ_CODEL_INTERVAL = 3;
const TCA_FQ_CODEL_FLOWS = 5;
const TCA_FQ_CODEL_MEMORY_LIMIT = 9;

/** Enough to keep the connections of one subscriber apart; 1024, the kernel's own number, takes 70 KB for each class. */
const FLOWS = 64;
const PACKETS = 1000;
const MEMORY = 4 * 1024 * 1024;
/** Microseconds, as RFC 8290 has them. */
const TARGET = 5000;
const INTERVAL = 100_000;
const FRAME = 1514;

/** Writes the options for a class of so many bytes a second: packets may wait as long as two frames take. */
export function fqCodelOptions(options: NetlinkMessage, ceiling: number): void {
  const target = Math.min(1_000_000, Math.max(TARGET, Math.round((2 * FRAME * 1e6) / ceiling)));
  const u32 = (type: number, number: number): void => void options.attribute(type, (value) => value.u32(number));
  u32(TCA_FQ_CODEL_TARGET, target);
  u32(TCA_FQ_CODEL_INTERVAL, Math.max(INTERVAL, target * 20));
  u32(TCA_FQ_CODEL_LIMIT, PACKETS);
  u32(TCA_FQ_CODEL_FLOWS, FLOWS);
  u32(TCA_FQ_CODEL_MEMORY_LIMIT, MEMORY);
}
