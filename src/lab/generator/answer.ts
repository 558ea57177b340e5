import { clientSequence, connectionAt, indexOfSequence, serverSequence, type ConnectionSet } from "./connection.ts";
import {
  AT,
  FRAME_LENGTH,
  IPPROTO_UDP,
  PAYLOAD_MAGIC,
  swap,
  TCP_ACK,
  TCP_FRAME_LENGTH,
  TCP_SYN,
  TCP_SYN_ACK,
  TCP_TOTAL_LENGTH,
  turnRound,
  UDP_LENGTH,
  writeTcp,
  type Protocol,
} from "./frame.ts";

// Twin of `respond` and `collect` in bpf/generator.bpf.c: change both or neither.

/** What a frame was; `reply` says that it now holds the packet to send back. */
export type Answer =
  | { readonly kind: "not-ours" }
  | { readonly kind: "stray" }
  | {
      readonly kind: "delivered";
      readonly index: number;
      readonly publicAddress: number;
      readonly publicPort: number;
      readonly reply: true;
    }
  | { readonly kind: "acknowledged"; readonly index: number; readonly reply: false }
  | { readonly kind: "answered"; readonly index: number; readonly reply: boolean };

const NOT_OURS: Answer = { kind: "not-ours" };
const STRAY: Answer = { kind: "stray" };

const ETH_P_IP = 0x0800;
const IP_FRAGMENT = 0x3fff;

/** Beyond the gateway: reflects a datagram, answers a SYN with a SYN-ACK, takes an ACK. Changes the frame. */
export function respond(frame: Buffer, set: ConnectionSet, protocol: Protocol): Answer {
  if (!mayBeOurs(frame, protocol) || !isDestination(set, frame.readUInt32BE(AT.ipDestination))) return NOT_OURS;
  return protocol === IPPROTO_UDP ? respondUdp(frame, set) : respondTcp(frame, set);
}

/** On the subscribers' side: takes a datagram that came back, answers a SYN-ACK with an ACK. Changes the frame. */
export function collect(frame: Buffer, set: ConnectionSet, protocol: Protocol): Answer {
  if (!mayBeOurs(frame, protocol) || !isDestination(set, frame.readUInt32BE(AT.ipSource))) return NOT_OURS;
  return protocol === IPPROTO_UDP ? collectUdp(frame, set) : collectTcp(frame, set);
}

function mayBeOurs(frame: Buffer, protocol: Protocol): boolean {
  return (
    frame.length >= (protocol === IPPROTO_UDP ? FRAME_LENGTH : TCP_FRAME_LENGTH) &&
    frame.readUInt16BE(AT.etherType) === ETH_P_IP &&
    frame.readUInt8(AT.ip) === 0x45 &&
    frame.readUInt8(AT.ipProtocol) === protocol &&
    (frame.readUInt16BE(AT.ipFragment) & IP_FRAGMENT) === 0
  );
}

function isDestination(set: ConnectionSet, address: number): boolean {
  return address >= set.firstDestination && address < set.firstDestination + set.destinations;
}

function hasOurPayload(frame: Buffer): boolean {
  return frame.readUInt16BE(AT.udpLength) === UDP_LENGTH && frame.readUInt32BE(AT.payloadMagic) === PAYLOAD_MAGIC;
}

/** Source translation leaves the destination alone, so it must still be the one the number stands for. */
function goesTo(frame: Buffer, set: ConnectionSet, index: number): boolean {
  if (index >= set.connections) return false;
  const { destination, destinationPort } = connectionAt(set, index);
  return (
    frame.readUInt32BE(AT.ipDestination) === destination && frame.readUInt16BE(AT.destinationPort) === destinationPort
  );
}

/** Says whether the answer goes to the very socket that asked; if not, the gateway translated it wrongly. */
function answers(frame: Buffer, set: ConnectionSet, index: number): boolean {
  if (index >= set.connections) return false;
  const asked = connectionAt(set, index);
  return (
    frame.readUInt32BE(AT.ipSource) === asked.destination &&
    frame.readUInt16BE(AT.sourcePort) === asked.destinationPort &&
    frame.readUInt32BE(AT.ipDestination) === asked.source &&
    frame.readUInt16BE(AT.destinationPort) === asked.sourcePort
  );
}

function respondUdp(frame: Buffer, set: ConnectionSet): Answer {
  const index = frame.readUInt32BE(AT.payloadIndex);
  if (!hasOurPayload(frame) || !goesTo(frame, set, index)) return NOT_OURS;
  const answer = delivered(frame, index);
  turnRound(frame);
  swap(frame, AT.sourcePort, AT.destinationPort, 2);
  return answer;
}

function respondTcp(frame: Buffer, set: ConnectionSet): Answer {
  const flags = frame.readUInt8(AT.tcpFlags);
  const sequence = frame.readUInt32BE(AT.tcpSequence);
  if (!hasPlainTcpHeader(frame) || (flags !== TCP_SYN && flags !== TCP_ACK)) return NOT_OURS;
  // The SYN itself counts as one in sequence space.
  const index = indexOfSequence(set, flags === TCP_ACK ? sequence - 1 : sequence);
  if (!goesTo(frame, set, index)) return NOT_OURS;
  if (flags === TCP_ACK) {
    const expected = (serverSequence(set, index) + 1) >>> 0;
    if (frame.readUInt32BE(AT.tcpAcknowledgment) !== expected) return NOT_OURS;
    return { kind: "acknowledged", index, reply: false };
  }
  const answer = delivered(frame, index);
  reply(frame, TCP_SYN_ACK, serverSequence(set, index), (sequence + 1) >>> 0);
  return answer;
}

function collectUdp(frame: Buffer, set: ConnectionSet): Answer {
  if (!hasOurPayload(frame)) return NOT_OURS;
  const index = frame.readUInt32BE(AT.payloadIndex);
  return answers(frame, set, index) ? { kind: "answered", index, reply: false } : STRAY;
}

function collectTcp(frame: Buffer, set: ConnectionSet): Answer {
  const sequence = frame.readUInt32BE(AT.tcpSequence);
  const acknowledgment = frame.readUInt32BE(AT.tcpAcknowledgment);
  const index = indexOfSequence(set, acknowledgment - 1);
  if (
    !hasPlainTcpHeader(frame) ||
    frame.readUInt8(AT.tcpFlags) !== TCP_SYN_ACK ||
    index >= set.connections ||
    sequence !== serverSequence(set, index)
  ) {
    return NOT_OURS;
  }
  if (!answers(frame, set, index)) return STRAY;
  reply(frame, TCP_ACK, (clientSequence(set, index) + 1) >>> 0, (sequence + 1) >>> 0);
  return { kind: "answered", index, reply: true };
}

function hasPlainTcpHeader(frame: Buffer): boolean {
  return frame.readUInt16BE(AT.ipLength) === TCP_TOTAL_LENGTH && frame.readUInt8(AT.tcpOffset) === 5 << 4;
}

function delivered(frame: Buffer, index: number): Answer {
  return {
    kind: "delivered",
    index,
    publicAddress: frame.readUInt32BE(AT.ipSource),
    publicPort: frame.readUInt16BE(AT.sourcePort),
    reply: true,
  };
}

function reply(frame: Buffer, flags: number, sequence: number, acknowledgment: number): void {
  turnRound(frame);
  writeTcp(frame, {
    sourcePort: frame.readUInt16BE(AT.destinationPort),
    destinationPort: frame.readUInt16BE(AT.sourcePort),
    flags,
    sequence,
    acknowledgment,
  });
}
