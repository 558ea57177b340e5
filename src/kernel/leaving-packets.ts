import { setTimeout as sleep } from "node:timers/promises";
import type { Ipv4 } from "../address/ipv4.ts";
import { checkCall, kernelErrorFromErrno, lastErrno } from "./ffi/errno.ts";
import { addressOf, libc } from "./ffi/libc.ts";
import { inNamespace, type NamespaceName } from "./namespace.ts";
import { HOST_LITTLE_ENDIAN } from "./netlink/header.ts";
import { findInterface } from "./route/link-message.ts";
import { withRoute } from "./route/rtnetlink.ts";
import { constants } from "node:os";

const AF_PACKET = 17;
/** Data begins at the network header, whatever kind of interface it is. */
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
/** Packets that leave are shown to nobody who asks for one protocol. */
const ETH_P_ALL = 3;
const ETH_P_IP = 0x0800;
const PACKET_OUTGOING = 4;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_ATTACH_FILTER = 26;
const SOCKADDR_LL_BYTES = 20;
const KEPT_BYTES = 96;
/** A kilobyte of kernel memory each. */
const MOST_PACKETS = 256;
/** The filter's jumps reach no further. */
const MOST_EXCEPTIONS = 64;

/** Networks nobody has on the internet (RFC 1918, RFC 6598): address and mask. */
const PRIVATE: readonly (readonly [number, number])[] = [
  [0x0a000000, 0xff000000],
  [0xac100000, 0xfff00000],
  [0xc0a80000, 0xffff0000],
  [0x64400000, 0xffc00000],
];

/**
 * Watches an interface for a moment, for IPv4 packets that leave with a private source other than the exceptions. Gives
 * the first octets of up to 256 of them, from the IP header on. Needs CAP_NET_RAW. While it lasts the kernel looks at
 * each packet of the interface once more, some tens of nanoseconds.
 */
export async function capturePrivateSources(
  namespace: NamespaceName,
  interfaceName: string,
  options: { readonly milliseconds: number; readonly except: readonly Ipv4[] },
): Promise<Buffer[]> {
  const tried = `watch packets that leave ${interfaceName}`;
  const index = withRoute(namespace, (connection) => findInterface(connection, interfaceName));
  // Protocol 0: nothing arrives before the filter is in place.
  const fd = inNamespace(namespace, () => checkCall(libc.socket(AF_PACKET, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0), tried));
  try {
    attach(fd, privateSourceFilter(options.except.slice(0, MOST_EXCEPTIONS)), tried);
    const memory = new Uint8Array(Int32Array.of(MOST_PACKETS * 1024).buffer);
    checkCall(libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, memory, 4), tried);
    const address = new DataView(new ArrayBuffer(SOCKADDR_LL_BYTES));
    address.setUint16(0, AF_PACKET, HOST_LITTLE_ENDIAN);
    address.setUint16(2, ETH_P_ALL);
    address.setInt32(4, index, HOST_LITTLE_ENDIAN);
    checkCall(libc.bind(fd, new Uint8Array(address.buffer), SOCKADDR_LL_BYTES), tried);
    await sleep(options.milliseconds);
    return drain(fd, tried);
  } finally {
    libc.close(fd);
  }
}

function drain(fd: number, tried: string): Buffer[] {
  const packets: Buffer[] = [];
  const buffer = Buffer.alloc(KEPT_BYTES);
  while (packets.length < MOST_PACKETS) {
    const length = libc.recv(fd, buffer, buffer.length, 0);
    if (length < 0) {
      const errno = lastErrno();
      if (errno === constants.errno.EAGAIN) break;
      throw kernelErrorFromErrno(tried, errno);
    }
    packets.push(Buffer.from(buffer.subarray(0, length)));
  }
  return packets;
}

const LOAD_WORD = 0x20;
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
/** What is known of a packet beside its data (linux/filter.h). */
const ABOUT = 0xfffff000;
const ABOUT_PROTOCOL = ABOUT;
const ABOUT_DIRECTION = ABOUT + 4;
const SOURCE_AT = 12;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** A classic BPF program: outgoing, IPv4, source private and no exception. */
export function privateSourceFilter(except: readonly Ipv4[]): Uint8Array<ArrayBuffer> {
  const networks = PRIVATE.flatMap(([network, mask], index): Instruction[] => {
    // Two instructions to the end of the list for each network that is left, then over "return 0".
    const toAccept = (PRIVATE.length - 1 - index) * 3 + 1;
    return [
      [LOAD_WORD, 0, 0, SOURCE_AT],
      [AND, 0, 0, mask],
      [JUMP_IF_EQUAL, toAccept, 0, network],
    ];
  });
  const toDrop = networks.length;
  const program: Instruction[] = [
    [LOAD_WORD, 0, 0, ABOUT_DIRECTION],
    [JUMP_IF_EQUAL, 0, toDrop + except.length + 3, PACKET_OUTGOING],
    [LOAD_WORD, 0, 0, ABOUT_PROTOCOL],
    [JUMP_IF_EQUAL, 0, toDrop + except.length + 1, ETH_P_IP],
    [LOAD_WORD, 0, 0, SOURCE_AT],
    ...except.map((address, index): Instruction => [JUMP_IF_EQUAL, toDrop + except.length - 1 - index, 0, address]),
    ...networks,
    [RETURN, 0, 0, 0],
    [RETURN, 0, 0, KEPT_BYTES],
  ];
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  for (const [place, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.setUint16(place * 8, code, HOST_LITTLE_ENDIAN);
    bytes.setUint8(place * 8 + 2, ifTrue);
    bytes.setUint8(place * 8 + 3, ifFalse);
    bytes.setUint32(place * 8 + 4, value, HOST_LITTLE_ENDIAN);
  }
  return new Uint8Array(bytes.buffer);
}

function attach(fd: number, program: Uint8Array<ArrayBuffer>, tried: string): void {
  // struct sock_fprog: length in instructions, padding, pointer.
  const description = new DataView(new ArrayBuffer(16));
  description.setUint16(0, program.length / 8, HOST_LITTLE_ENDIAN);
  description.setBigUint64(8, addressOf(program), HOST_LITTLE_ENDIAN);
  const bytes = new Uint8Array(description.buffer);
  checkCall(libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, bytes, bytes.length), tried);
}
