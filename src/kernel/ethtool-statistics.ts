import { constants } from "node:os";
import { KernelError } from "./error.ts";
import { ethtoolRequest } from "./ethtool.ts";
import type { NamespaceName } from "./namespace.ts";
import { HOST_LITTLE_ENDIAN } from "./netlink/header.ts";

const ETHTOOL_GSTRINGS = 0x1b;
const ETHTOOL_GSTATS = 0x1d;
const ETHTOOL_GSSET_INFO = 0x37;
const ETH_SS_STATS = 1;
const ETH_GSTRING_LEN = 32;
/** A card of 128 queues has some thousand; more is not to be believed. */
const MOST = 65_536;

/** What the driver of an interface counts, under the names it chose; empty if it counts nothing of its own. */
export function readDriverStatistics(namespace: NamespaceName, name: string): Map<string, number> {
  const tried = `read the statistics of ${name}'s driver`;
  const count = statisticsCount(namespace, name, tried);
  if (count === 0) return new Map();
  // The kernel writes as many as there are by then, whatever room it was told.
  const room = 2 * count + 64;
  const names = Buffer.alloc(12 + room * ETH_GSTRING_LEN);
  writeU32s(names, [ETHTOOL_GSTRINGS, ETH_SS_STATS, count]);
  ethtoolRequest(namespace, name, tried, names);
  const values = Buffer.alloc(8 + room * 8);
  writeU32s(values, [ETHTOOL_GSTATS, count]);
  ethtoolRequest(namespace, name, tried, values);
  return decodeDriverStatistics(names, values);
}

/** Puts together the answers to ETHTOOL_GSTRINGS and ETHTOOL_GSTATS. */
export function decodeDriverStatistics(names: Buffer, values: Buffer): Map<string, number> {
  const found = new Map<string, number>();
  const count = Math.min(readU32(names, 8), readU32(values, 4));
  for (let i = 0; i < count; i++) {
    const text = names.toString("latin1", 12 + i * ETH_GSTRING_LEN, 12 + (i + 1) * ETH_GSTRING_LEN);
    const at = 8 + i * 8;
    if (at + 8 > values.length) break;
    const value = HOST_LITTLE_ENDIAN ? values.readBigUInt64LE(at) : values.readBigUInt64BE(at);
    found.set(text.replace(/\0.*$/s, "").trim(), Number(value));
  }
  return found;
}

/** 0 where the driver, or the kernel, has none. */
function statisticsCount(namespace: NamespaceName, name: string, tried: string): number {
  // struct ethtool_sset_info: command, reserved, mask of sets (64 bits), then the size of each set that there is.
  const info = Buffer.alloc(20);
  writeU32s(info, [ETHTOOL_GSSET_INFO]);
  if (HOST_LITTLE_ENDIAN) info.writeBigUInt64LE(1n << BigInt(ETH_SS_STATS), 8);
  else info.writeBigUInt64BE(1n << BigInt(ETH_SS_STATS), 8);
  try {
    ethtoolRequest(namespace, name, tried, info);
  } catch (error) {
    if (error instanceof KernelError && error.errno === constants.errno.EOPNOTSUPP) return 0;
    throw error;
  }
  const mask = HOST_LITTLE_ENDIAN ? info.readBigUInt64LE(8) : info.readBigUInt64BE(8);
  return mask === 0n ? 0 : Math.min(MOST, readU32(info, 16));
}

function writeU32s(buffer: Buffer, values: readonly number[]): void {
  for (const [index, value] of values.entries()) {
    if (HOST_LITTLE_ENDIAN) buffer.writeUInt32LE(value, index * 4);
    else buffer.writeUInt32BE(value, index * 4);
  }
}

function readU32(buffer: Buffer, at: number): number {
  return HOST_LITTLE_ENDIAN ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at);
}
