/**
 * The bits of the connection mark that say by which uplink a connection goes, and of the packet mark by which it
 * shall; the others stay as they were. Twice NAT has bits of its own above them.
 */
export const UPLINK_MASK = 0x00f00000;
const UNIT = 0x00100000;
const VALUES = UPLINK_MASK / UNIT;

/** The mark of a connection that goes by the uplink, by its position in the file. */
export function uplinkMark(index: number): number {
  return (index + 1) * UNIT;
}

/** The mark of a packet whose subscriber has these uplinks, by the position of the order. */
export function orderMark(uplinks: number, order: number): number {
  return (uplinks + order + 1) * UNIT;
}

/** Orders that can be told apart beside so many uplinks. */
export function mostOrders(uplinks: number): number {
  return VALUES - uplinks;
}
