import { constants } from "node:os";
import { checkCall, kernelErrorFromErrno, lastErrno } from "./ffi/errno.ts";
import { libc } from "./ffi/libc.ts";
import { inNamespace, type NamespaceName } from "./namespace.ts";
import { findInterface } from "./route/link-message.ts";
import { withRoute } from "./route/rtnetlink.ts";

const AF_PACKET = 17;
const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000;
const ETH_P_IP = 0x0800;
/** All protocols of Ethernet (linux/if_ether.h). */
export const ETH_P_ALL = 3;
/** Address resolution, for `PacketSocketOptions.protocol`. */
export const ETH_P_ARP = 0x0806;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;
/** Bytes of struct sockaddr_ll. */
const ADDRESS_BYTES = 20;
const POLLIN = 1;
const BUFFER_BYTES = 16 << 20;

/** Full for now: the receiver's queue, the device's, or the socket's own memory. */
const NOT_NOW = new Set<number>([constants.errno.EAGAIN, constants.errno.ENOBUFS]);

/** How a packet socket is to be. */
export interface PacketSocketOptions {
  /** Leaves no queue to fill for frames that nobody takes. */
  readonly sendOnly?: boolean;
  /** What arrives, by Ethernet type; IPv4 unless said. */
  readonly protocol?: number;
}

/**
 * Whole Ethernet frames on one interface, with IPv4 packets unless another protocol is asked for, to and from user
 * space, beside the kernel's own IP. Stays in its namespace. Needs CAP_NET_RAW there, which the root of an unprivileged user namespace has. See packet(7).
 */
export class PacketSocket {
  readonly interface: string;
  readonly #fd: number;
  readonly #pollfd: Uint8Array;

  /** Throws `kernel-permission` or, without such an interface, `kernel-not-found`. */
  constructor(namespace: NamespaceName, interfaceName: string, options: PacketSocketOptions = {}) {
    const { sendOnly = false, protocol = ETH_P_IP } = options;
    this.interface = interfaceName;
    const tried = `open a packet socket on ${interfaceName}`;
    const index = withRoute(namespace, (connection) => findInterface(connection, interfaceName));
    // Protocol 0: nothing arrives before bind says from which interface.
    this.#fd = inNamespace(namespace, () => checkCall(libc.socket(AF_PACKET, SOCK_RAW_NONBLOCK_CLOEXEC, 0), tried));
    try {
      // The first is refused in a user namespace; the second gives as much as net.core.rmem_max allows.
      if (this.#setOption(SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES) < 0) {
        this.#setOption(SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
      }
      if (this.#setOption(SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES) < 0) {
        this.#setOption(SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
      }
      checkCall(this.#setOption(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1), tried);
      const address = new DataView(new ArrayBuffer(ADDRESS_BYTES));
      new Uint16Array(address.buffer)[0] = AF_PACKET;
      address.setUint16(2, sendOnly ? 0 : protocol);
      new Int32Array(address.buffer)[1] = index;
      checkCall(libc.bind(this.#fd, new Uint8Array(address.buffer), ADDRESS_BYTES), tried);
    } catch (error) {
      libc.close(this.#fd);
      throw error;
    }
    this.#pollfd = new Uint8Array(Int32Array.of(this.#fd, POLLIN).buffer);
  }

  /** Sends a frame; false if there is no room for it now. */
  send(frame: Uint8Array): boolean {
    if (libc.send(this.#fd, frame, frame.length, 0) >= 0) return true;
    const errno = lastErrno();
    if (NOT_NOW.has(errno)) return false;
    throw kernelErrorFromErrno(`send a frame on ${this.interface}`, errno);
  }

  /** Takes the next frame into `buffer` without waiting; gives its length (cut to the buffer), or undefined if none. */
  receive(buffer: Uint8Array): number | undefined {
    const length = libc.recv(this.#fd, buffer, buffer.length, 0);
    if (length >= 0) return length;
    const errno = lastErrno();
    if (errno === constants.errno.EAGAIN) return undefined;
    throw kernelErrorFromErrno(`receive a frame on ${this.interface}`, errno);
  }

  /** Blocks the thread until there is a frame or the time is over. */
  wait(timeoutMs: number): void {
    libc.poll(this.#pollfd, 1, timeoutMs);
  }

  close(): void {
    libc.close(this.#fd);
  }

  #setOption(level: number, option: number, value: number): number {
    return libc.setsockopt(this.#fd, level, option, new Uint8Array(Int32Array.of(value).buffer), 4);
  }
}
