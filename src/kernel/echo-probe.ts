import { constants } from "node:os";
import type { Ipv4 } from "../address/ipv4.ts";
import type { Descriptor } from "./ffi/descriptor.ts";
import { kernelErrorFromErrno, lastErrno } from "./ffi/errno.ts";
import { libc } from "./ffi/libc.ts";
import { openLinkSocket, socketAddress, type LinkPlace } from "./link-socket.ts";

const SOCK_RAW = 3;
const IPPROTO_ICMP = 1;
const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;
const HEADER = 8;
const SOCKADDR_IN = 16;

const { EAGAIN, EINTR } = constants.errno;
/** A packet that cannot leave is a question without an answer: no route, no neighbour, the interface down or gone. */
const UNSENT = new Set<number>([
  EAGAIN,
  constants.errno.ENOBUFS,
  constants.errno.ENETUNREACH,
  constants.errno.EHOSTUNREACH,
  constants.errno.ENETDOWN,
  constants.errno.ENODEV,
  constants.errno.ENXIO,
  constants.errno.EPERM,
  constants.errno.EINVAL,
]);

/** ICMP echo (RFC 792) to one address by one interface. */
export class EchoProbe {
  readonly #socket: Descriptor;
  readonly #target: Ipv4;
  readonly #identifier: number;
  readonly #buffer = new Uint8Array(2048);
  #sequence = 0;

  /** `identifier` tells the answers to this one from others'. */
  constructor(place: LinkPlace, target: Ipv4, identifier: number) {
    this.#socket = openLinkSocket(place, SOCK_RAW, IPPROTO_ICMP);
    this.#target = target;
    this.#identifier = identifier & 0xffff;
  }

  /** Sends a question; says whether it left. */
  ask(): boolean {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const message = echoRequest(this.#identifier, this.#sequence);
    const to = socketAddress(this.#target, 0);
    if (libc.sendto(this.#socket.fd, message, message.length, 0, to, SOCKADDR_IN) >= 0) return true;
    const errno = lastErrno();
    if (UNSENT.has(errno)) return false;
    throw kernelErrorFromErrno("send an ICMP echo", errno);
  }

  /** Says whether the last question, or one before it, was answered since the last look. Does not wait. */
  answered(): boolean {
    let found = false;
    for (;;) {
      const length = libc.recv(this.#socket.fd, this.#buffer, this.#buffer.length, 0);
      if (length >= 0) {
        found = this.#isAnswer(length) || found;
        continue;
      }
      const errno = lastErrno();
      if (errno === EAGAIN) return found;
      // Anything else is an error that the socket has met and told once: a question without an answer.
      if (errno !== EINTR && !UNSENT.has(errno)) throw kernelErrorFromErrno("receive an ICMP echo", errno);
    }
  }

  close(): void {
    this.#socket.close();
  }

  /** A raw socket gets every ICMP message that comes by the interface, with its IP header. */
  #isAnswer(length: number): boolean {
    const packet = new DataView(this.#buffer.buffer, 0, length);
    if (length < 20) return false;
    const start = (packet.getUint8(0) & 0xf) * 4;
    if (length < start + HEADER || packet.getUint32(12) !== this.#target) return false;
    return packet.getUint8(start) === ECHO_REPLY && packet.getUint16(start + 4) === this.#identifier;
  }
}

function echoRequest(identifier: number, sequence: number): Uint8Array {
  const message = new DataView(new ArrayBuffer(HEADER));
  message.setUint8(0, ECHO_REQUEST);
  message.setUint16(4, identifier);
  message.setUint16(6, sequence);
  let sum = (ECHO_REQUEST << 8) + identifier + sequence;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  message.setUint16(2, ~sum & 0xffff);
  return new Uint8Array(message.buffer);
}
