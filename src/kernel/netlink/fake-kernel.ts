import { constants } from "node:os";
import { kernelErrorFromErrno } from "../ffi/errno.ts";
import { NetlinkConnection } from "./connection.ts";
import { HOST_LITTLE_ENDIAN, MESSAGE_HEADER, NLMSG_DONE, NLMSG_ERROR } from "./header.ts";

/*
 * A kernel for tests: what talks netlink can be tested without root. In the manner of nltest of mdlayher/netlink.
 */

/** A request as the fake kernel gets it. */
export interface FakeRequest {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** What follows the header. */
  readonly body: Uint8Array;
}

/** What stays in the buffer behind the answer, as if from an earlier one: decoders must not see it. */
const DEFAULT_FILLER = 0xa5;

/** A connection to a function: it gets each request and gives the datagrams that answer it. */
export function fakeKernel(
  respond: (request: FakeRequest) => readonly Uint8Array[],
  filler: number = DEFAULT_FILLER,
): NetlinkConnection {
  const queue: Uint8Array[] = [];
  return new NetlinkConnection({
    send(message) {
      const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
      queue.push(
        ...respond({
          type: view.getUint16(4, HOST_LITTLE_ENDIAN),
          flags: view.getUint16(6, HOST_LITTLE_ENDIAN),
          sequence: view.getUint32(8, HOST_LITTLE_ENDIAN),
          body: message.slice(MESSAGE_HEADER),
        }),
      );
    },
    receive(buffer, tried) {
      const datagram = queue.shift();
      // As a socket whose answer never comes.
      if (datagram === undefined) throw kernelErrorFromErrno(tried, constants.errno.EAGAIN);
      buffer.fill(filler);
      buffer.set(datagram);
      return datagram.length;
    },
    close() {
      queue.length = 0;
    },
  });
}

/** A connection that gives recorded reads one after the other, whatever is asked. */
export function replay(reads: readonly Uint8Array[], filler: number = DEFAULT_FILLER): NetlinkConnection {
  let sent = false;
  return fakeKernel(() => {
    if (sent) return [];
    sent = true;
    return reads;
  }, filler);
}

/** The reads in a recording: hexadecimal, an empty line between two, `#` begins a comment. */
export function parseRecording(text: string): Uint8Array[] {
  const paragraphs = text.replaceAll(/^#.*$/gm, "").split(/\n\s*\n/);
  return paragraphs.map((hex) => Buffer.from(hex.replaceAll(/\s/g, ""), "hex")).filter((bytes) => bytes.length > 0);
}

/** One message with its header, padded to four bytes. */
export function fakeMessage(type: number, flags: number, sequence: number, body: Uint8Array): Uint8Array {
  const length = MESSAGE_HEADER + body.length;
  const bytes = new Uint8Array((length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, HOST_LITTLE_ENDIAN);
  view.setUint16(4, type, HOST_LITTLE_ENDIAN);
  view.setUint16(6, flags, HOST_LITTLE_ENDIAN);
  view.setUint32(8, sequence, HOST_LITTLE_ENDIAN);
  bytes.set(body, MESSAGE_HEADER);
  return bytes;
}

/** The acknowledgement of a request: positive errno, 0 for success. */
export function fakeAcknowledgement(request: FakeRequest, errno: number): Uint8Array {
  // errno, then the header of the request, of which nobody reads more than its length.
  const body = new Uint8Array(4 + MESSAGE_HEADER);
  const view = new DataView(body.buffer);
  view.setInt32(0, -errno, HOST_LITTLE_ENDIAN);
  view.setUint32(4, MESSAGE_HEADER + request.body.length, HOST_LITTLE_ENDIAN);
  return fakeMessage(NLMSG_ERROR, 0x100, request.sequence, body);
}

/** The end of a dump. */
export function fakeDone(request: FakeRequest): Uint8Array {
  return fakeMessage(NLMSG_DONE, 2, request.sequence, new Uint8Array(4));
}
