import type { Ipv4 } from "../../address/ipv4.ts";

/** The line itself: all other classes are below it. */
export const LINE_CLASS = 0xffff;
/** All packets of nobody in particular: the gateway's own, and of hosts that are no subscribers. */
export const REST_CLASS = 0xfffe;
/** Groups have the numbers below, downwards; subscribers those from 1 on. */
export const FIRST_GROUP_CLASS = 0xfffd;
const LAST_SUBSCRIBER_CLASS = 0xf7ff;

/** As many as there are numbers between. */
export const MOST_GROUPS = FIRST_GROUP_CLASS - LAST_SUBSCRIBER_CLASS - 1;

/** The kernel has so many handles for the queues inside classes. */
export const MOST_CLASSES = 30_000;

/**
 * A class number for each address: its last two octets, so that 10.10.3.7 has 0307 and keeps it whoever comes or goes.
 * Where two want the same, the later has the next number nobody wants.
 */
export function classNumbers(addresses: readonly Ipv4[]): Map<Ipv4, number> {
  const numbers = new Map<Ipv4, number>();
  const taken = new Set<number>();
  const late: Ipv4[] = [];
  for (const address of addresses) {
    const wanted = address & 0xffff;
    if (wanted === 0 || wanted > LAST_SUBSCRIBER_CLASS || taken.has(wanted)) {
      late.push(address);
      continue;
    }
    numbers.set(address, wanted);
    taken.add(wanted);
  }
  for (const address of late) {
    let number = address & 0xffff;
    do number = number >= LAST_SUBSCRIBER_CLASS ? 1 : number + 1;
    while (taken.has(number));
    numbers.set(address, number);
    taken.add(number);
  }
  return numbers;
}
