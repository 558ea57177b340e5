import { setTimeout as sleep } from "node:timers/promises";
import { parseIpv4 } from "../../address/ipv4.ts";
import { PacketSocket } from "../../kernel/packet-socket.ts";
import { requireLink } from "../generator/link-ends.ts";
import type { Scene } from "./scene.ts";

/** An IPv4 packet to be made; what is left out is as an ordinary host would have it. */
export interface PacketFields {
  readonly source: string;
  readonly destination: string;
  /** Default 64. */
  readonly ttl?: number;
  /** May not be cut into fragments. */
  readonly dontFragment?: boolean;
  readonly identification?: number;
  /** Send only this part of it, in octets of what follows the IP header: `offset` a multiple of 8. */
  readonly fragment?: { readonly offset: number; readonly length: number };
  readonly content: Content;
  /** A checksum that is wrong: of the IP header, or of what follows it. */
  readonly wrongChecksum?: "ip" | "transport";
}

/** What an IPv4 packet carries. Without `data` there are 18 octets of it. */
export type Content =
  | (Ports & { readonly protocol: "udp"; readonly data?: Data })
  | (Ports & TcpContent)
  | IcmpContent
  | { readonly protocol: number; readonly data?: Data };

/** So many octets, or these. */
export type Data = number | Uint8Array;

interface Ports {
  readonly sourcePort: number;
  readonly destinationPort: number;
}

interface TcpContent {
  readonly protocol: "tcp";
  /** Letters of tcpdump(8): S, A, F, R, P, U; `SA` answers `S`. */
  readonly flags: string;
  readonly sequence?: number;
  readonly acknowledgment?: number;
  /** Default 64,240. */
  readonly window?: number;
  readonly data?: Data;
}

interface IcmpContent {
  readonly protocol: "icmp";
  /** Default 8, 0: an echo request. */
  readonly type?: number;
  readonly code?: number;
  /** Octets 4 to 7: of an echo identifier and sequence number, of "fragmentation needed" 0 and the MTU. */
  readonly rest?: readonly [number, number];
  readonly data?: Data;
}

const USUAL_DATA = 18;
const MORE_FRAGMENTS = 0x2000;
const DONT_FRAGMENT = 0x4000;
const PROTOCOL_NUMBERS = { udp: 17, tcp: 6, icmp: 1 } as const;
const FLAG_LETTERS = "FSRPAUEC";

/** Makes the octets of an IPv4 packet, or of a fragment of it. */
export function makePacket(fields: PacketFields): Buffer {
  const { content, fragment } = fields;
  const protocol = typeof content.protocol === "number" ? content.protocol : PROTOCOL_NUMBERS[content.protocol];
  const whole = makeContent(fields, protocol);
  const part = fragment === undefined ? whole : whole.subarray(fragment.offset, fragment.offset + fragment.length);
  const isLast = fragment === undefined || fragment.offset + fragment.length >= whole.length;
  const ip = Buffer.alloc(20);
  ip.writeUInt16BE(0x4500, 0);
  ip.writeUInt16BE(20 + part.length, 2);
  ip.writeUInt16BE(fields.identification ?? 0, 4);
  const flags = (fields.dontFragment === true ? DONT_FRAGMENT : 0) | (isLast ? 0 : MORE_FRAGMENTS);
  ip.writeUInt16BE(flags | ((fragment?.offset ?? 0) >> 3), 6);
  ip.writeUInt8(fields.ttl ?? 64, 8);
  ip.writeUInt8(protocol, 9);
  ip.writeUInt32BE(addressNumber(fields.source), 12);
  ip.writeUInt32BE(addressNumber(fields.destination), 16);
  ip.writeUInt16BE(spoilt(checksum(ip), fields.wrongChecksum === "ip"), 10);
  return Buffer.concat([ip, part]);
}

/** Where packets are sent from: an interface of a side, and the hardware address they go to. */
export interface SendPlace {
  readonly side: "inside" | "outside" | "gateway";
  /** Default: `lan` of the inside, `wan` of the outside. */
  readonly interface?: string;
  /** Default: the gateway's interface of that name. */
  readonly towards?: string;
}

/** How packets are sent. */
export interface SendOptions {
  readonly perSecond: number;
  readonly signal: AbortSignal;
  /** Ends after so many; default: goes on until the signal. */
  readonly count?: number;
}

/** Pause between two bursts: short enough to look steady, long enough to cost nothing. */
const TICK_MS = 5;

/**
 * Sends packets at a steady rate until the signal, from a side's namespace, past the kernel of that side. `packet` makes
 * number 0, 1, 2, ...: one or several. Gives how many packets were sent.
 */
export async function sendPackets(
  scene: Scene,
  place: SendPlace,
  packet: (index: number) => PacketFields | readonly PacketFields[],
  { perSecond, signal, count = Infinity }: SendOptions,
): Promise<number> {
  const name = place.interface ?? (place.side === "outside" ? "wan" : "lan");
  const namespace = scene[place.side];
  const header = Buffer.concat([
    hardwareAddress(place.towards ?? requireLink(scene.gateway, name).mac),
    hardwareAddress(requireLink(namespace, name).mac),
    Buffer.of(0x08, 0x00),
  ]);
  const socket = new PacketSocket(namespace, name, { sendOnly: true });
  const began = performance.now();
  let made = 0;
  let sent = 0;
  try {
    while (!signal.aborted && made < count) {
      const due = Math.min(count, Math.ceil(((performance.now() - began) / 1000) * perSecond));
      for (; made < due && !signal.aborted; made++) {
        const one = packet(made);
        const all = Array.isArray(one) ? (one as readonly PacketFields[]) : [one as PacketFields];
        // Made before the first is sent: they follow each other as closely as can be.
        const frames = all.map((fields) => Buffer.concat([header, makePacket(fields)]));
        for (const frame of frames) {
          if (socket.send(frame.length < 60 ? Buffer.concat([frame], 60) : frame)) sent++;
        }
      }
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    socket.close();
  }
  return sent;
}

/**
 * Sends UDP packets from 64 ports of subscriber 10.64.1.9 to 198.51.100.9:7, or as `more` says, at 200 a second until
 * the signal.
 */
export async function sendUdp(scene: Scene, signal: AbortSignal, more: Partial<PacketFields> = {}): Promise<void> {
  const packet = (index: number): PacketFields => ({
    source: "10.64.1.9",
    destination: "198.51.100.9",
    content: { protocol: "udp", sourcePort: 40_000 + (index % 64), destinationPort: 7 },
    ...more,
  });
  await sendPackets(scene, { side: "inside" }, packet, { perSecond: 200, signal });
}

function makeContent(fields: PacketFields, protocol: number): Buffer {
  const { content } = fields;
  const data = typeof content.data === "object" ? content.data : new Uint8Array(content.data ?? USUAL_DATA);
  const header = headerOf(content, data.length);
  const bytes = Buffer.concat([header, data]);
  const place = CHECKSUM_PLACE.get(protocol);
  if (place === undefined || bytes.length < place + 2) return bytes;
  const covered =
    protocol === PROTOCOL_NUMBERS.icmp ? bytes : Buffer.concat([pseudoHeader(fields, protocol, bytes), bytes]);
  const right = checksum(covered);
  // UDP: 0 would mean that there is none.
  const value = spoilt(right, fields.wrongChecksum === "transport");
  bytes.writeUInt16BE(value === 0 && protocol === PROTOCOL_NUMBERS.udp ? 0xffff : value, place);
  return bytes;
}

/** Where the checksum stands, by protocol. */
const CHECKSUM_PLACE: ReadonlyMap<number, number> = new Map([
  [1, 2],
  [6, 16],
  [17, 6],
]);

function headerOf(content: Content, dataLength: number): Buffer {
  if (content.protocol === "udp") {
    const udp = Buffer.alloc(8);
    udp.writeUInt16BE(content.sourcePort, 0);
    udp.writeUInt16BE(content.destinationPort, 2);
    udp.writeUInt16BE(8 + dataLength, 4);
    return udp;
  }
  if (content.protocol === "tcp") {
    const tcp = Buffer.alloc(20);
    tcp.writeUInt16BE(content.sourcePort, 0);
    tcp.writeUInt16BE(content.destinationPort, 2);
    tcp.writeUInt32BE(content.sequence ?? 1, 4);
    tcp.writeUInt32BE(content.acknowledgment ?? 0, 8);
    tcp.writeUInt8(5 << 4, 12);
    tcp.writeUInt8(flagBits(content.flags), 13);
    tcp.writeUInt16BE(content.window ?? 64_240, 14);
    return tcp;
  }
  if (content.protocol === "icmp") {
    const icmp = Buffer.alloc(8);
    icmp.writeUInt8(content.type ?? 8, 0);
    icmp.writeUInt8(content.code ?? 0, 1);
    icmp.writeUInt16BE(content.rest?.[0] ?? 1, 4);
    icmp.writeUInt16BE(content.rest?.[1] ?? 1, 6);
    return icmp;
  }
  return Buffer.alloc(0);
}

function flagBits(letters: string): number {
  return letters.split("").reduce((bits, letter) => {
    const bit = FLAG_LETTERS.indexOf(letter);
    if (bit < 0) throw new RangeError(`no TCP flag ${letter}`);
    return bits | (1 << bit);
  }, 0);
}

function pseudoHeader({ source, destination }: PacketFields, protocol: number, content: Buffer): Buffer {
  const pseudo = Buffer.alloc(12);
  pseudo.writeUInt32BE(addressNumber(source), 0);
  pseudo.writeUInt32BE(addressNumber(destination), 4);
  pseudo.writeUInt8(protocol, 9);
  pseudo.writeUInt16BE(content.length, 10);
  return pseudo;
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  if (bytes.length % 2 === 1) sum += bytes.readUInt8(bytes.length - 1) << 8;
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff);
  return 0xffff - sum;
}

function spoilt(right: number, wrong: boolean): number {
  return wrong ? right ^ 0x1111 : right;
}

function addressNumber(text: string): number {
  const address = parseIpv4(text);
  if (address === undefined) throw new RangeError(`not an IPv4 address: ${text}`);
  return address;
}

function hardwareAddress(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(":", ""), "hex");
}
