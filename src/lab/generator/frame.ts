import { clientSequence, connectionAt, type ConnectionSet } from "./connection.ts";

// Twin of bpf/frame.h: change both or neither. Offsets from the start of the Ethernet frame.

/** The shortest frame Ethernet allows, without its checksum. */
export const FRAME_LENGTH = 60;
/** Behind the gateway, whose IP layer cuts off padding, a TCP frame is shorter. */
export const TCP_FRAME_LENGTH = 54;

export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export type Protocol = typeof IPPROTO_TCP | typeof IPPROTO_UDP;

export const TCP_SYN = 0x02;
export const TCP_ACK = 0x10;
export const TCP_SYN_ACK = 0x12;

/** "MNAT": a UDP payload of ours starts with it, the connection's number follows. */
export const PAYLOAD_MAGIC = 0x4d4e4154;

export const UDP_LENGTH = 26;
export const TCP_TOTAL_LENGTH = 40;

/** Where the fields lie. */
export const AT = {
  etherType: 12,
  ip: 14,
  ipLength: 16,
  ipFragment: 20,
  ipProtocol: 23,
  ipChecksum: 24,
  ipSource: 26,
  ipDestination: 30,
  sourcePort: 34,
  destinationPort: 36,
  udpLength: 38,
  udpChecksum: 40,
  payloadMagic: 42,
  payloadIndex: 46,
  tcpSequence: 38,
  tcpAcknowledgment: 42,
  tcpOffset: 46,
  tcpFlags: 47,
  tcpWindow: 48,
  tcpChecksum: 50,
} as const;

const ETH_P_IP = 0x0800;
const IP_DF = 0x4000;
const TTL = 64;
export const TCP_WINDOW = 64_240;

/** The two ends of the inside link. */
export interface LinkEnds {
  /** Six bytes each. */
  readonly own: Uint8Array;
  readonly gateway: Uint8Array;
}

/** Writes the subscriber's packet of a connection: a UDP datagram, or a TCP SYN. `number`: what the datagram carries. */
export function writeFrame(
  frame: Buffer,
  set: ConnectionSet,
  index: number,
  protocol: Protocol,
  ends: LinkEnds,
  number = index,
): void {
  const { source, destination, sourcePort, destinationPort } = connectionAt(set, index);
  frame.fill(0);
  frame.set(ends.gateway, 0);
  frame.set(ends.own, 6);
  frame.writeUInt16BE(ETH_P_IP, AT.etherType);
  writeIp(frame, protocol, source, destination);
  if (protocol === IPPROTO_UDP) {
    writeUdp(frame, sourcePort, destinationPort, number);
  } else {
    writeTcp(frame, {
      sourcePort,
      destinationPort,
      flags: TCP_SYN,
      sequence: clientSequence(set, index),
      acknowledgment: 0,
    });
  }
}

function writeIp(frame: Buffer, protocol: number, source: number, destination: number): void {
  frame.writeUInt16BE(0x4500, AT.ip);
  frame.writeUInt16BE(protocol === IPPROTO_UDP ? 20 + UDP_LENGTH : TCP_TOTAL_LENGTH, AT.ipLength);
  frame.writeUInt16BE(IP_DF, AT.ipFragment);
  frame.writeUInt16BE((TTL << 8) | protocol, AT.ipFragment + 2);
  frame.writeUInt32BE(source, AT.ipSource);
  frame.writeUInt32BE(destination, AT.ipDestination);
  frame.writeUInt16BE(0, AT.ipChecksum);
  frame.writeUInt16BE(fold(sumWords(frame, AT.ip, AT.sourcePort)), AT.ipChecksum);
}

function writeUdp(frame: Buffer, sourcePort: number, destinationPort: number, index: number): void {
  frame.writeUInt16BE(sourcePort, AT.sourcePort);
  frame.writeUInt16BE(destinationPort, AT.destinationPort);
  frame.writeUInt16BE(UDP_LENGTH, AT.udpLength);
  frame.writeUInt16BE(0, AT.udpChecksum);
  frame.writeUInt32BE(PAYLOAD_MAGIC, AT.payloadMagic);
  frame.writeUInt32BE(index, AT.payloadIndex);
  const checksum = transportChecksum(frame, IPPROTO_UDP, UDP_LENGTH);
  // 0 would mean that there is no checksum.
  frame.writeUInt16BE(checksum === 0 ? 0xffff : checksum, AT.udpChecksum);
}

/** What changes from one TCP packet of a handshake to the next. */
export interface TcpFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgment: number;
}

/** Writes the TCP header over a frame whose addresses are written. */
export function writeTcp(frame: Buffer, fields: TcpFields): void {
  frame.writeUInt16BE(fields.sourcePort, AT.sourcePort);
  frame.writeUInt16BE(fields.destinationPort, AT.destinationPort);
  frame.writeUInt32BE(fields.sequence, AT.tcpSequence);
  frame.writeUInt32BE(fields.acknowledgment, AT.tcpAcknowledgment);
  frame.writeUInt8(5 << 4, AT.tcpOffset);
  frame.writeUInt8(fields.flags, AT.tcpFlags);
  frame.writeUInt16BE(TCP_WINDOW, AT.tcpWindow);
  frame.writeUInt16BE(0, AT.tcpChecksum);
  frame.writeUInt16BE(0, AT.tcpChecksum + 2);
  frame.writeUInt16BE(transportChecksum(frame, IPPROTO_TCP, TCP_TOTAL_LENGTH - 20), AT.tcpChecksum);
}

/** Sends the frame back where it came from: hardware and IP addresses change places, which changes no checksum. */
export function turnRound(frame: Buffer): void {
  swap(frame, 0, 6, 6);
  swap(frame, AT.ipSource, AT.ipDestination, 4);
}

/** Swaps as many bytes at two places. */
export function swap(frame: Buffer, a: number, b: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const kept = frame.readUInt8(a + i);
    frame.writeUInt8(frame.readUInt8(b + i), a + i);
    frame.writeUInt8(kept, b + i);
  }
}

function transportChecksum(frame: Buffer, protocol: number, length: number): number {
  // The pseudo-header of RFC 768 and RFC 9293: both addresses, the protocol, the length.
  return fold(protocol + length + sumWords(frame, AT.ipSource, AT.sourcePort + length));
}

function sumWords(frame: Buffer, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += frame.readUInt16BE(at);
  return sum;
}

function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return ~((once & 0xffff) + (once >>> 16)) & 0xffff;
}
