import { formatIpv4 } from "../../address/ipv4.ts";
import type { Tuple } from "../../kernel/conntrack/tuple.ts";

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const ICMP = 1;
const ICMPV6 = 58;
const WITH_PORTS = new Set([6, 17, 33, 132, 136]);
/** Echo request and reply, which alone have an identifier that connection tracking uses. */
const ECHOES = new Set([0, 8, 128, 129]);

/** The 5-tuple of a packet from its network header on, or undefined if the bytes hold none. */
export function tupleOf(etherType: number, bytes: Buffer): Tuple | undefined {
  if (etherType === ETH_P_IP) return tupleOfIpv4(bytes);
  if (etherType === ETH_P_IPV6) return tupleOfIpv6(bytes);
  return undefined;
}

/** The tuple an answer would have. */
export function reversed(tuple: Tuple): Tuple {
  return {
    ...tuple,
    source: tuple.destination,
    destination: tuple.source,
    ...(tuple.protocol === ICMP || tuple.protocol === ICMPV6
      ? { destinationPort: turnedIcmpType(tuple.destinationPort) }
      : { sourcePort: tuple.destinationPort, destinationPort: tuple.sourcePort }),
  };
}

/** For people: `UDP 10.0.0.1:4000 > 198.51.100.1:53`. */
export function tupleText(tuple: Tuple): string {
  if (tuple.protocol === ICMP || tuple.protocol === ICMPV6) {
    return `ICMP ${tuple.source} > ${tuple.destination} id ${tuple.sourcePort}`;
  }
  const name = { 6: "TCP", 17: "UDP", 132: "SCTP" }[tuple.protocol] ?? `protocol ${tuple.protocol}`;
  const end = (address: string, port: number): string => {
    if (!WITH_PORTS.has(tuple.protocol)) return address;
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  };
  return `${name} ${end(tuple.source, tuple.sourcePort)} > ${end(tuple.destination, tuple.destinationPort)}`;
}

function tupleOfIpv4(bytes: Buffer): Tuple | undefined {
  const headerLength = ((bytes[0] ?? 0) & 15) * 4;
  if (bytes.length < 20 || (bytes[0] ?? 0) >> 4 !== 4 || headerLength < 20) return undefined;
  const protocol = bytes.readUInt8(9);
  const firstFragment = (bytes.readUInt16BE(6) & 0x1fff) === 0;
  return {
    source: formatIpv4(bytes.readUInt32BE(12)),
    destination: formatIpv4(bytes.readUInt32BE(16)),
    protocol,
    ...(firstFragment ? portsOf(protocol, bytes.subarray(headerLength)) : NO_PORTS),
  };
}

function tupleOfIpv6(bytes: Buffer): Tuple | undefined {
  if (bytes.length < 40 || (bytes[0] ?? 0) >> 4 !== 6) return undefined;
  const protocol = bytes.readUInt8(6);
  return {
    source: ipv6Text(bytes.subarray(8, 24)),
    destination: ipv6Text(bytes.subarray(24, 40)),
    protocol,
    ...portsOf(protocol, bytes.subarray(40)),
  };
}

const NO_PORTS = { sourcePort: 0, destinationPort: 0 } as const;

function portsOf(protocol: number, transport: Buffer): Pick<Tuple, "sourcePort" | "destinationPort"> {
  if (transport.length < 8) return NO_PORTS;
  if (WITH_PORTS.has(protocol)) {
    return { sourcePort: transport.readUInt16BE(0), destinationPort: transport.readUInt16BE(2) };
  }
  if (protocol !== ICMP && protocol !== ICMPV6) return NO_PORTS;
  const identifier = ECHOES.has(transport.readUInt8(0)) ? transport.readUInt16BE(4) : 0;
  return { sourcePort: identifier, destinationPort: transport.readUInt16BE(0) };
}

/** Echo request and reply change places: 8 and 0, 128 and 129. */
function turnedIcmpType(typeAndCode: number): number {
  const turned: Readonly<Record<number, number>> = { 0: 8, 8: 0, 128: 129, 129: 128 };
  const type = typeAndCode >> 8;
  return ((turned[type] ?? type) << 8) | (typeAndCode & 0xff);
}

/** As RFC 5952 writes it. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
