import { ethtoolRequest } from "../ethtool.ts";
import type { NamespaceName } from "../namespace.ts";
import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";

const ETHTOOL_GRXFHINDIR = 0x38;
const ETHTOOL_SRXFHINDIR = 0x39;
/** Bytes before the table in struct ethtool_rxfh_indir: command, size. */
const BEFORE = 8;

/*
 * By ioctl: netlink shows the table since Linux 6.2 and takes one since 6.16 only.
 */

/** The receive queue of each value of the card's hash. Throws `kernel-not-supported` if it has no such table. */
export function readIndirection(namespace: NamespaceName, device: string): number[] {
  const tried = `read the indirection table of ${device}`;
  const size = words(BEFORE, [ETHTOOL_GRXFHINDIR, 0]);
  ethtoolRequest(namespace, device, tried, size);
  const count = word(size, 1);
  const table = words(BEFORE + count * 4, [ETHTOOL_GRXFHINDIR, count]);
  if (count > 0) ethtoolRequest(namespace, device, tried, table);
  return Array.from({ length: count }, (_, i) => word(table, 2 + i));
}

/** Sets the whole table; an empty one gives the driver's own back, which follows the number of queues. */
export function writeIndirection(namespace: NamespaceName, device: string, queues: readonly number[]): void {
  const request = words(BEFORE + queues.length * 4, [ETHTOOL_SRXFHINDIR, queues.length, ...queues]);
  ethtoolRequest(namespace, device, `set the indirection table of ${device}`, request);
}

function words(bytes: number, values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (const [i, value] of values.entries()) {
    if (HOST_LITTLE_ENDIAN) buffer.writeUInt32LE(value, i * 4);
    else buffer.writeUInt32BE(value, i * 4);
  }
  return buffer;
}

function word(buffer: Buffer, at: number): number {
  return HOST_LITTLE_ENDIAN ? buffer.readUInt32LE(at * 4) : buffer.readUInt32BE(at * 4);
}
