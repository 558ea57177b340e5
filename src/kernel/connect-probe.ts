import { constants } from "node:os";
import type { Ipv4 } from "../address/ipv4.ts";
import type { Descriptor } from "./ffi/descriptor.ts";
import { lastErrno } from "./ffi/errno.ts";
import { libc } from "./ffi/libc.ts";
import { openLinkSocket, socketAddress, type LinkPlace } from "./link-socket.ts";

const SOCK_STREAM = 1;
const IPPROTO_TCP = 6;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;
const POLLOUT = 4;
const SOCKADDR_IN = 16;
/** Questions that may be open at once; the oldest is given up for a new one. */
const OPEN = 8;

/** TCP connections to one address and port by one interface, closed as soon as they are answered. */
export class ConnectProbe {
  readonly #place: LinkPlace;
  readonly #target: Ipv4;
  readonly #port: number;
  #open: Descriptor[] = [];
  #answered = false;

  constructor(place: LinkPlace, target: Ipv4, port: number) {
    this.#place = place;
    this.#target = target;
    this.#port = port;
  }

  /** Begins a connection; says whether its first packet left. */
  ask(): boolean {
    if (this.#open.length >= OPEN) this.#open.shift()?.close();
    const socket = openLinkSocket(this.#place, SOCK_STREAM, IPPROTO_TCP);
    // A reset in place of a farewell: nothing of it stays in the connection table.
    libc.setsockopt(socket.fd, SOL_SOCKET, SO_LINGER, new Uint8Array(Int32Array.of(1, 0).buffer), 8);
    const result = libc.connect(socket.fd, socketAddress(this.#target, this.#port), SOCKADDR_IN);
    const errno = result < 0 ? lastErrno() : 0;
    if (isAnswer(errno)) this.#answered = true;
    if (errno === constants.errno.EINPROGRESS) {
      this.#open.push(socket);
      return true;
    }
    socket.close();
    return isAnswer(errno);
  }

  /** Says whether a connection was answered since the last look, be it with a refusal. Does not wait. */
  answered(): boolean {
    this.#open = this.#open.filter((socket) => {
      const ready = libc.poll(new Uint8Array(Int32Array.of(socket.fd, POLLOUT).buffer), 1, 0) > 0;
      if (!ready) return true;
      const error = new Uint8Array(4);
      libc.getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, error, new Uint8Array(Uint32Array.of(4).buffer));
      if (isAnswer(new Int32Array(error.buffer)[0] ?? -1)) this.#answered = true;
      socket.close();
      return false;
    });
    const answered = this.#answered;
    this.#answered = false;
    return answered;
  }

  close(): void {
    for (const socket of this.#open) socket.close();
    this.#open = [];
  }
}

/** Whoever refuses is there. */
function isAnswer(errno: number): boolean {
  return errno === 0 || errno === constants.errno.ECONNREFUSED;
}
