import { constants } from "node:os";
import koffi from "koffi";
import type { Ipv4 } from "../address/ipv4.ts";
import { checkCall, kernelErrorFromErrno, lastErrno } from "./ffi/errno.ts";
import { libc } from "./ffi/libc.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const POLLIN = 1;

/** struct msghdr, iovec, sockaddr_in, the control message and the data lie in one block; offsets for 64-bit Linux. */
const IOVEC = 64;
const NAME = 80;
const CONTROL = 128;
const CONTROL_BYTES = 32;
const DATA = 256;
const DATA_BYTES = 65536;

const c = koffi.load(null);
const recvmsg = c.func("intptr_t recvmsg(int, void *, int)") as (fd: number, message: unknown, flags: number) => number;
const sendmsg = c.func("intptr_t sendmsg(int, void *, int)") as (fd: number, message: unknown, flags: number) => number;

/** The ends of a datagram as this socket sees them. */
export interface DatagramEnds {
  readonly remote: Ipv4;
  readonly remotePort: number;
  readonly local: Ipv4;
}

/**
 * A UDP socket on a port of every address of the namespace, that knows to which address a datagram came and can send
 * from any (ip(7), IP_PKTINFO). Node's own sockets answer from whatever address the route prefers, which is of no use
 * where a namespace owns whole networks. One thread's only: the buffer is the socket's.
 */
export class AnyAddressUdp {
  readonly port: number;
  readonly fd: number;
  readonly #block: unknown = koffi.alloc("uint8_t", DATA + DATA_BYTES);
  readonly #bytes = new Uint8Array(koffi.view(this.#block, DATA + DATA_BYTES));
  /** Network byte order in addresses and ports, native in lengths and pointers. */
  readonly #network = new DataView(this.#bytes.buffer);
  readonly #words = new Uint32Array(this.#bytes.buffer);
  readonly #longs = new BigUint64Array(this.#bytes.buffer);

  /** Opens the socket in the namespace of the calling thread; port 0 lets the kernel choose. */
  constructor(port: number, receiveBufferBytes = 4 << 20) {
    this.port = port;
    const tried = `listen on UDP port ${port}`;
    this.fd = checkCall(libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0), tried);
    try {
      const on = new Uint8Array(new Uint32Array([1]).buffer);
      checkCall(libc.setsockopt(this.fd, IPPROTO_IP, IP_PKTINFO, on, 4), tried);
      // Refused without CAP_NET_ADMIN in the first user namespace; the default size will do then.
      libc.setsockopt(
        this.fd,
        SOL_SOCKET,
        SO_RCVBUFFORCE,
        new Uint8Array(new Uint32Array([receiveBufferBytes]).buffer),
        4,
      );
      this.#setName(0, port);
      checkCall(libc.bind(this.fd, this.#bytes.subarray(NAME, NAME + 16), 16), tried);
    } catch (error) {
      libc.close(this.fd);
      throw error;
    }
    const base = koffi.address(this.#block);
    this.#longs[0] = base + BigInt(NAME);
    this.#longs[2] = base + BigInt(IOVEC);
    this.#longs[3] = 1n;
    this.#longs[4] = base + BigInt(CONTROL);
    this.#longs[IOVEC / 8] = base + BigInt(DATA);
  }

  /** Takes the next datagram without waiting; its data is good until the next call on the socket. Undefined: none. */
  receive(): (DatagramEnds & { readonly data: Uint8Array }) | undefined {
    this.#setLengths(DATA_BYTES);
    const length = recvmsg(this.fd, this.#block, 0);
    if (length < 0) {
      const errno = lastErrno();
      if (errno === constants.errno.EAGAIN) return undefined;
      throw kernelErrorFromErrno(`receive on UDP port ${this.port}`, errno);
    }
    return {
      remote: this.#network.getUint32(NAME + 4),
      remotePort: this.#network.getUint16(NAME + 2),
      // cmsghdr 16 bytes, then in_pktinfo: interface, address of ours, destination in the header.
      local: this.#network.getUint32(CONTROL + 24),
      data: this.#bytes.subarray(DATA, DATA + length),
    };
  }

  /** Sends a datagram from an address of the namespace; false if the kernel would not take it now. */
  send(ends: DatagramEnds, data: Uint8Array): boolean {
    if (data.byteOffset !== DATA || data.buffer !== this.#bytes.buffer) this.#bytes.set(data, DATA);
    this.#setName(ends.remote, ends.remotePort);
    this.#setLengths(data.length);
    this.#longs[CONTROL / 8] = 28n;
    this.#words[CONTROL / 4 + 2] = IPPROTO_IP;
    this.#words[CONTROL / 4 + 3] = IP_PKTINFO;
    this.#words[CONTROL / 4 + 4] = 0;
    this.#network.setUint32(CONTROL + 20, ends.local);
    this.#network.setUint32(CONTROL + 24, 0);
    return sendmsg(this.fd, this.#block, 0) >= 0;
  }

  close(): void {
    libc.close(this.fd);
    koffi.free(this.#block);
  }

  #setName(address: Ipv4, port: number): void {
    new Uint16Array(this.#bytes.buffer)[NAME / 2] = AF_INET;
    this.#network.setUint16(NAME + 2, port);
    this.#network.setUint32(NAME + 4, address);
  }

  /** The kernel shortens what it was given room for, so all lengths are set before every call. */
  #setLengths(data: number): void {
    this.#words[2] = 16;
    this.#longs[IOVEC / 8 + 1] = BigInt(data);
    this.#longs[5] = BigInt(CONTROL_BYTES);
    this.#words[12] = 0;
  }
}

/** Waits until one of the sockets has a datagram, or the time is over; blocks the thread. Returns those that have. */
export function waitForDatagrams(sockets: readonly AnyAddressUdp[], timeoutMs: number): AnyAddressUdp[] {
  const polled = new Int16Array(sockets.length * 4);
  const fds = new Int32Array(polled.buffer);
  for (const [index, socket] of sockets.entries()) {
    fds[index * 2] = socket.fd;
    polled[index * 4 + 2] = POLLIN;
  }
  if (libc.poll(new Uint8Array(polled.buffer), sockets.length, timeoutMs) < 0) return [];
  return sockets.filter((_, index) => polled[index * 4 + 3] !== 0);
}
