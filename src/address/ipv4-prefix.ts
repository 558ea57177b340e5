import { formatIpv4, parseIpv4, type Ipv4 } from "./ipv4.ts";

/** An IPv4 prefix. `address` may have host bits set (an interface address); `network` clears them. */
export interface Ipv4Prefix {
  readonly address: Ipv4;
  readonly length: number;
}

/** The netmask of a prefix length, as an unsigned number: 24 gives 0xffffff00. */
export function netmask(length: number): number {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}

/** The prefix length of a netmask, or undefined when its ones are not all in front: 255.255.0.0 gives 16. */
export function prefixFromNetmask(mask: Ipv4): number | undefined {
  const length = Math.clz32(~mask);
  return netmask(length) === mask ? length : undefined;
}

/** The first address of the prefix. */
export function network(prefix: Ipv4Prefix): Ipv4 {
  return (prefix.address & netmask(prefix.length)) >>> 0;
}

/** The last address of the prefix. */
export function broadcast(prefix: Ipv4Prefix): Ipv4 {
  return (prefix.address | ~netmask(prefix.length)) >>> 0;
}

/** Reads `address/length`, keeping host bits, or returns undefined. */
export function parseIpv4Prefix(text: string): Ipv4Prefix | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = parseIpv4(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^(\d|[12]\d|3[0-2])$/.test(length)) return undefined;
  return { address, length: Number(length) };
}

/** Writes `address/length`. */
export function formatIpv4Prefix(prefix: Ipv4Prefix): string {
  return `${formatIpv4(prefix.address)}/${prefix.length}`;
}

/** Says whether the address lies in the prefix. */
export function prefixContains(prefix: Ipv4Prefix, address: Ipv4): boolean {
  return (address & netmask(prefix.length)) >>> 0 === network(prefix);
}
