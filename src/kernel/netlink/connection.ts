import { KernelError } from "../error.ts";
import { readAcknowledgement } from "./acknowledgement.ts";
import { MessageCursor } from "./cursor.ts";
import {
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
  NLMSG_OVERRUN,
} from "./header.ts";
import type { NetlinkMessage } from "./message.ts";

/** What carries bytes to the kernel and back: a socket, or in tests a function that plays the kernel. */
export interface NetlinkTransport {
  send(message: Uint8Array, tried: string): void;
  /** Fills the buffer with one datagram and gives its length; throws a KernelError if none comes. */
  receive(buffer: Uint8Array, tried: string): number;
  close(): void;
}

/** The kernel fills at most 32 KB per read of a dump; single answers are smaller still. */
const BUFFER_BYTES = 64 * 1024;

/**
 * A conversation with one netlink family: requests go out with rising sequence numbers, answers to older ones are
 * skipped. Everything is synchronous, because the kernel answers within send(2) and recv(2).
 *
 * `visit` gets a cursor over a buffer that the next read overwrites: take numbers and copies out of it, keep nothing,
 * and do not use the same connection from inside.
 */
export class NetlinkConnection {
  readonly #transport: NetlinkTransport;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  readonly #reply = new MessageCursor(this.#buffer);
  #sequence = 0;
  #busy = false;

  constructor(transport: NetlinkTransport) {
    this.#transport = transport;
  }

  /** The buffer the cursors given to `visit` run over: make attribute cursors on it once, before asking. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  /** Asks for one thing to be done or shown, and returns when the kernel has acknowledged it. */
  request(message: NetlinkMessage, tried: string, visit: (reply: MessageCursor) => void = ignore): void {
    this.#converse(message, NLM_F_REQUEST | NLM_F_ACK, tried, visit, goOn);
  }

  /** As `request`, behind others in one datagram: those are carried out too, and what the kernel says of them skipped. */
  requestLast(before: Uint8Array, message: NetlinkMessage, tried: string): void {
    this.#converse(message, NLM_F_REQUEST | NLM_F_ACK, tried, ignore, goOn, before);
  }

  /**
   * Asks for all of a kind. True: consistent. False: the kernel's list changed meanwhile, some may be missing or double.
   * `afterRead` is called before the buffer is overwritten; if it returns false, the rest is not read and the connection
   * is good for nothing but closing.
   */
  dump(
    message: NetlinkMessage,
    tried: string,
    visit: (reply: MessageCursor) => void,
    afterRead: () => boolean = goOn,
  ): boolean {
    return this.#converse(message, NLM_F_REQUEST | NLM_F_DUMP, tried, visit, afterRead);
  }

  close(): void {
    this.#transport.close();
  }

  #converse(
    message: NetlinkMessage,
    flags: number,
    tried: string,
    visit: (reply: MessageCursor) => void,
    afterRead: () => boolean,
    before?: Uint8Array,
  ): boolean {
    if (this.#busy) throw new TypeError("a netlink connection was used while it was giving an answer");
    this.#busy = true;
    try {
      this.#sequence = (this.#sequence + 1) >>> 0;
      const request = message.finish(this.#sequence, flags);
      this.#transport.send(before === undefined ? request : Buffer.concat([before, request]), tried);
      return this.#readAnswer(request, tried, visit, afterRead);
    } finally {
      this.#busy = false;
    }
  }

  #readAnswer(
    request: Uint8Array,
    tried: string,
    visit: (reply: MessageCursor) => void,
    afterRead: () => boolean,
  ): boolean {
    const reply = this.#reply;
    let consistent = true;
    for (;;) {
      reply.reset(this.#transport.receive(this.#buffer, tried));
      while (reply.next()) {
        // An answer to a former request that was given up half-way.
        if (reply.sequence !== this.#sequence || reply.type === NLMSG_NOOP) continue;
        if ((reply.flags & NLM_F_DUMP_INTR) !== 0) consistent = false;
        if (reply.type === NLMSG_OVERRUN) throw overrun(tried);
        if (reply.type === NLMSG_ERROR || reply.type === NLMSG_DONE) {
          const failure = readAcknowledgement(reply, request, tried);
          if (failure !== undefined) throw failure;
          afterRead();
          return consistent;
        }
        visit(reply);
      }
      if (!afterRead()) return consistent;
    }
  }
}

function ignore(): void {}

function goOn(): boolean {
  return true;
}

function overrun(tried: string): KernelError {
  return new KernelError("kernel-no-memory", "the kernel lost part of its answer", {
    tried,
    errno: 0,
    remedy: "try again; if it comes back, raise net.core.rmem_max",
  });
}
