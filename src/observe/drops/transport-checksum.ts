/**
 * Of the checksum that TCP, UDP or ICMP put over a packet: `right`; `wrong`; `unfinished`, only the addresses are in it,
 * as a sender leaves it whose network card is to do the rest.
 */
export type ChecksumState = "right" | "wrong" | "unfinished";

const ICMP = 1;
const TCP = 6;
const UDP = 17;
/** Where the checksum stands behind the IP header. */
const PLACE: ReadonlyMap<number, number> = new Map([
  [ICMP, 2],
  [TCP, 16],
  [UDP, 6],
]);
/** Offset and "more fragments" of the IP header. */
const FRAGMENT = 0x3fff;

/**
 * Checks the transport checksum of an IPv4 packet of `length` octets; undefined where that cannot be done: not all of
 * the packet is there, it is a fragment, of another protocol, or has no checksum.
 */
export function transportChecksum(bytes: Buffer, length: number): ChecksumState | undefined {
  if (bytes.length < 20 || bytes.readUInt8(0) >> 4 !== 4) return undefined;
  const headerLength = (bytes.readUInt8(0) & 15) * 4;
  const total = bytes.readUInt16BE(2);
  const place = PLACE.get(bytes.readUInt8(9));
  // The kernel holds more than the total length when it has not cut off padding yet, less when it took headers off.
  if (place === undefined || total > length || total > bytes.length || total < headerLength + place + 2)
    return undefined;
  if ((bytes.readUInt16BE(6) & FRAGMENT) !== 0) return undefined;
  const protocol = bytes.readUInt8(9);
  const content = bytes.subarray(headerLength, total);
  const stands = content.readUInt16BE(place);
  if (protocol === UDP && stands === 0) return undefined;
  const pseudo = protocol === ICMP ? 0 : sumOf(bytes.subarray(12, 20)) + protocol + content.length;
  if (fold(pseudo + sumOf(content)) === 0xffff) return "right";
  return protocol !== ICMP && stands === fold(pseudo) ? "unfinished" : "wrong";
}

function sumOf(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  return bytes.length % 2 === 1 ? sum + (bytes.readUInt8(bytes.length - 1) << 8) : sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded >>> 16) + (folded & 0xffff);
  return folded;
}
