import { NetlinkMessage } from "./message.ts";

/** Bytes of struct nfgenmsg: family, version, resource id (big-endian). */
export const NFGENMSG = 4;

/** Families of netfilter by nft's names. */
export const NFPROTO: Readonly<Record<string, number>> = { inet: 1, ip: 2, arp: 3, netdev: 5, bridge: 7, ip6: 10 };

/** Begins a message of a netfilter subsystem with its fixed part. */
export function nfnetlinkMessage(subsystem: number, type: number, family: number, resource = 0): NetlinkMessage {
  return new NetlinkMessage((subsystem << 8) | type).u8(family).u8(0).u16be(resource);
}
