import { constants } from "node:os";
import { Descriptor } from "../ffi/descriptor.ts";
import { checkCall, kernelErrorFromErrno, lastErrno } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { inNamespace, type NamespaceName } from "../namespace.ts";
import { AttributeCursor, MessageCursor } from "../netlink/cursor.ts";
import { NETLINK_NETFILTER } from "../netlink/socket.ts";
import { decodeTraceEvent, type TraceEvent } from "./trace-event.ts";

const AF_NETLINK = 16;
const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NFNLGRP_NFTRACE = 9;
/** Some thousand steps. */
const QUEUE_BYTES = 2 << 20;
const BUFFER_BYTES = 16 * 1024;

/** Takes the steps of the namespace's traced packets from the kernel. Needs CAP_NET_ADMIN there. */
export class TraceSocket {
  readonly #socket: Descriptor;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  readonly #message = new MessageCursor(this.#buffer);
  readonly #attributes = new AttributeCursor(this.#buffer);

  constructor(namespace: NamespaceName) {
    const tried = "listen to traces of nftables";
    this.#socket = new Descriptor(
      inNamespace(namespace, () =>
        checkCall(libc.socket(AF_NETLINK, SOCK_RAW_NONBLOCK_CLOEXEC, NETLINK_NETFILTER), tried),
      ),
    );
    try {
      this.#setOption(SOL_SOCKET, SO_RCVBUF, QUEUE_BYTES);
      const address = new Uint8Array(12);
      new Uint16Array(address.buffer)[0] = AF_NETLINK;
      checkCall(libc.bind(this.#socket.fd, address, address.length), tried);
      checkCall(this.#setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTRACE), tried);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The steps that have come, without waiting for more. Steps the kernel had no room for are left out. */
  receive(): TraceEvent[] {
    const events: TraceEvent[] = [];
    for (;;) {
      const length = libc.recv(this.#socket.fd, this.#buffer, this.#buffer.length, 0);
      if (length < 0) {
        const errno = lastErrno();
        if (errno === constants.errno.EAGAIN) return events;
        if (errno === constants.errno.EINTR || errno === constants.errno.ENOBUFS) continue;
        throw kernelErrorFromErrno("receive traces of nftables", errno);
      }
      this.#message.reset(length);
      while (this.#message.next()) {
        const event = decodeTraceEvent(this.#message, this.#attributes);
        if (event !== undefined) events.push(event);
      }
    }
  }

  close(): void {
    this.#socket.close();
  }

  #setOption(level: number, option: number, value: number): number {
    return libc.setsockopt(this.#socket.fd, level, option, new Uint8Array(Int32Array.of(value).buffer), 4);
  }
}
