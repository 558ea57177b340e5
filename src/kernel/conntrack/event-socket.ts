import { constants } from "node:os";
import { Descriptor } from "../ffi/descriptor.ts";
import { checkCall, kernelErrorFromErrno, lastErrno } from "../ffi/errno.ts";
import { addressOf, libc } from "../ffi/libc.ts";
import { inNamespace, type NamespaceName } from "../namespace.ts";
import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";
import { NETLINK_NETFILTER } from "../netlink/socket.ts";
import { eventFilterProgram, INSTRUCTION_BYTES, type EventFilter } from "./event-filter.ts";

/** Kinds of events, and the multicast groups that bring them (NFNLGRP_CONNTRACK_*). */
export const EVENT_GROUPS = { new: 1, update: 2, destroy: 3 } as const;

/** What happened to a connection. */
export type EventKind = keyof typeof EVENT_GROUPS;

const AF_NETLINK = 16;
const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000;
/** Bytes of struct sockaddr_nl. */
const ADDRESS_BYTES = 12;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_ATTACH_FILTER = 26;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
const MEMINFO_WORDS = 9;
const MEMINFO_QUEUED = 0;
const MEMINFO_ROOM = 1;
const MEMINFO_DROPS = 8;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const POLLIN = 1;

/** Nothing has come. */
export const NOTHING = -1;
/** Events were lost: `drops` says how many. */
export const OVERRUN = -2;

/** Messages that one call brings: with 64 of them the call itself costs next to nothing. */
const MESSAGES = 64;
/** Room for each; an event has a few hundred bytes, with labels, names and a security context two thousand. */
const MESSAGE_ROOM = 8192;
/** struct mmsghdr of a 64-bit system: struct msghdr, the length received, padding. */
const MMSGHDR = 64;
const MSGHDR_IOV = 16;
const MSGHDR_IOVLEN = 24;
const MMSGHDR_LENGTH = 56;
const IOVEC = 16;

/** What to listen to. */
export interface EventSocketOptions {
  readonly kinds: readonly EventKind[];
  readonly filter: EventFilter;
  /** How much the kernel may queue, in bytes as it counts them: an event takes 1 KB or less. */
  readonly bufferBytes: number;
}

/**
 * A socket that the kernel sends the events of the namespace's connections to, each as a message of its own. Needs
 * CAP_NET_ADMIN there. For threads that may block: `wait` does.
 */
export class ConntrackEventSocket {
  /** Where messages are received; each call to `receive` uses it again. */
  readonly buffer = Buffer.alloc(MESSAGES * MESSAGE_ROOM);
  readonly #vectors: Uint8Array;
  readonly #headers: DataView;
  readonly #headerBytes: Uint8Array;
  readonly #socket: Descriptor;
  readonly #pollfd: Uint8Array;
  readonly #memory = new Uint8Array(4 * MEMINFO_WORDS);

  constructor(namespace: NamespaceName, { kinds, filter, bufferBytes }: EventSocketOptions) {
    const tried = "listen to the events of connection tracking";
    const fd = inNamespace(namespace, () =>
      checkCall(libc.socket(AF_NETLINK, SOCK_RAW_NONBLOCK_CLOEXEC, NETLINK_NETFILTER), tried),
    );
    this.#socket = new Descriptor(fd);
    this.#pollfd = new Uint8Array(Int32Array.of(fd, POLLIN).buffer);
    this.#vectors = new Uint8Array(MESSAGES * IOVEC);
    this.#headerBytes = new Uint8Array(MESSAGES * MMSGHDR);
    this.#headers = new DataView(this.#headerBytes.buffer);
    this.#pointHeaders();
    try {
      // Without CAP_NET_ADMIN in the first user namespace only as much as net.core.rmem_max allows.
      if (this.#setOption(SOL_SOCKET, SO_RCVBUFFORCE, bufferBytes >>> 1) < 0) {
        this.#setOption(SOL_SOCKET, SO_RCVBUF, bufferBytes >>> 1);
      }
      // Before joining the groups: no event that is not asked for may get in.
      this.#attach(filter, tried);
      const address = new Uint8Array(ADDRESS_BYTES);
      new Uint16Array(address.buffer)[0] = AF_NETLINK;
      checkCall(libc.bind(fd, address, ADDRESS_BYTES), tried);
      for (const kind of kinds) {
        checkCall(this.#setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, EVENT_GROUPS[kind]), tried);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Takes messages that have come without waiting: how many, `NOTHING` or `OVERRUN`. Message i then begins at
   * `messageAt(i)` of `buffer` and has `messageLength(i)` bytes.
   */
  receive(): number {
    const count = libc.recvmmsg(this.#socket.fd, this.#headerBytes, MESSAGES, 0, null);
    if (count >= 0) return count;
    const errno = lastErrno();
    if (errno === constants.errno.EAGAIN || errno === constants.errno.EINTR) return NOTHING;
    if (errno === constants.errno.ENOBUFS) return OVERRUN;
    throw kernelErrorFromErrno("receive events of connection tracking", errno);
  }

  messageAt(index: number): number {
    return index * MESSAGE_ROOM;
  }

  messageLength(index: number): number {
    return this.#headers.getUint32(index * MMSGHDR + MMSGHDR_LENGTH, HOST_LITTLE_ENDIAN);
  }

  /** Blocks the thread until an event has come or the time is over. */
  wait(timeoutMs: number): void {
    libc.poll(this.#pollfd, 1, timeoutMs);
  }

  /**
   * How many events the kernel had no room for since the socket was opened, those that the filter leaves out not among
   * them: the socket's own counter, 32 bits, which grows by one with each message that is not queued.
   */
  get drops(): number {
    return this.#meminfo(MEMINFO_DROPS);
  }

  /** Bytes waiting, and room for them, as the kernel counts. */
  get queue(): { readonly bytes: number; readonly room: number } {
    return { bytes: this.#meminfo(MEMINFO_QUEUED), room: this.#meminfo(MEMINFO_ROOM) };
  }

  close(): void {
    this.#socket.close();
  }

  /** Each header has one vector, which is the message's own part of the buffer. */
  #pointHeaders(): void {
    const vectors = new DataView(this.#vectors.buffer);
    const [buffer, first] = [addressOf(this.buffer), addressOf(this.#vectors)];
    for (let i = 0; i < MESSAGES; i++) {
      vectors.setBigUint64(i * IOVEC, buffer + BigInt(this.messageAt(i)), HOST_LITTLE_ENDIAN);
      vectors.setBigUint64(i * IOVEC + 8, BigInt(MESSAGE_ROOM), HOST_LITTLE_ENDIAN);
      this.#headers.setBigUint64(i * MMSGHDR + MSGHDR_IOV, first + BigInt(i * IOVEC), HOST_LITTLE_ENDIAN);
      this.#headers.setBigUint64(i * MMSGHDR + MSGHDR_IOVLEN, 1n, HOST_LITTLE_ENDIAN);
    }
  }

  #meminfo(word: number): number {
    const length = new Uint8Array(Uint32Array.of(this.#memory.length).buffer);
    checkCall(
      libc.getsockopt(this.#socket.fd, SOL_SOCKET, SO_MEMINFO, this.#memory, length),
      "read how many events were lost",
      { remedy: "Linux 4.12 or newer is needed to know it" },
    );
    return new DataView(this.#memory.buffer).getUint32(4 * word, HOST_LITTLE_ENDIAN);
  }

  #attach(filter: EventFilter, tried: string): void {
    const program = eventFilterProgram(filter);
    if (program === undefined) return;
    // struct sock_fprog: length in instructions, padding, pointer.
    const description = new DataView(new ArrayBuffer(16));
    description.setUint16(0, program.length / INSTRUCTION_BYTES, HOST_LITTLE_ENDIAN);
    description.setBigUint64(8, addressOf(program), HOST_LITTLE_ENDIAN);
    const bytes = new Uint8Array(description.buffer);
    checkCall(libc.setsockopt(this.#socket.fd, SOL_SOCKET, SO_ATTACH_FILTER, bytes, bytes.length), tried);
  }

  #setOption(level: number, option: number, value: number): number {
    return libc.setsockopt(this.#socket.fd, level, option, new Uint8Array(Int32Array.of(value).buffer), 4);
  }
}
