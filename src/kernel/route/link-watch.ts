import { constants } from "node:os";
import { Descriptor } from "../ffi/descriptor.ts";
import { checkCall, kernelErrorFromErrno, lastErrno } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { inNamespace, type NamespaceName } from "../namespace.ts";
import { NETLINK_ROUTE } from "../netlink/socket.ts";

const AF_NETLINK = 16;
const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000;
const RTMGRP_LINK = 1;
const SOCKADDR_NL = 12;

/** Tells when something about the interfaces of a namespace changes: up, down, a cable, a new one. */
export class LinkWatch {
  readonly #socket: Descriptor;
  readonly #buffer = new Uint8Array(32768);

  constructor(namespace: NamespaceName) {
    const tried = "watch the interfaces";
    this.#socket = new Descriptor(
      inNamespace(namespace, () => checkCall(libc.socket(AF_NETLINK, SOCK_RAW_NONBLOCK_CLOEXEC, NETLINK_ROUTE), tried)),
    );
    const address = new Uint8Array(SOCKADDR_NL);
    new Uint16Array(address.buffer, 0, 1)[0] = AF_NETLINK;
    new Uint32Array(address.buffer, 8, 1)[0] = RTMGRP_LINK;
    try {
      checkCall(libc.bind(this.#socket.fd, address, SOCKADDR_NL), tried);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /** Says whether something changed since the last look. Does not wait. */
  changed(): boolean {
    let found = false;
    for (;;) {
      const length = libc.recv(this.#socket.fd, this.#buffer, this.#buffer.length, 0);
      if (length >= 0) {
        found = true;
        continue;
      }
      const errno = lastErrno();
      if (errno === constants.errno.EAGAIN) return found;
      // What there was no room for is a change too.
      if (errno === constants.errno.ENOBUFS) found = true;
      else if (errno !== constants.errno.EINTR) throw kernelErrorFromErrno("watch the interfaces", errno);
    }
  }

  close(): void {
    this.#socket.close();
  }
}
