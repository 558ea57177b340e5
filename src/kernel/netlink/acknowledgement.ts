import type { KernelError } from "../error.ts";
import { kernelErrorFromErrno } from "../ffi/errno.ts";
import { AttributeCursor, type MessageCursor } from "./cursor.ts";
import {
  align,
  ATTRIBUTE_HEADER,
  HOST_LITTLE_ENDIAN,
  MESSAGE_HEADER,
  NLA_TYPE_MASK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSG_ERROR,
} from "./header.ts";

/** Attributes of the extended acknowledgement. */
const NLMSGERR_ATTR_MSG = 1;
const NLMSGERR_ATTR_OFFS = 2;
const NLMSGERR_ATTR_MISS_TYPE = 5;

/**
 * Reads NLMSG_ERROR or NLMSG_DONE: undefined if all went well, else the error with the kernel's own words and the
 * attribute of `request` that it blames. Both begin with a negative errno; a DONE of old kernels may be empty.
 */
export function readAcknowledgement(reply: MessageCursor, request: Uint8Array, tried: string): KernelError | undefined {
  const isError = reply.type === NLMSG_ERROR;
  if (!isError && reply.end - reply.start < 4) return undefined;
  const errno = -reply.i32(0);
  if (errno === 0) return undefined;
  return kernelErrorFromErrno(tried, errno, { kernelSaid: extendedWords(reply, request, isError) });
}

function extendedWords(reply: MessageCursor, request: Uint8Array, isError: boolean): string | undefined {
  if ((reply.flags & NLM_F_ACK_TLVS) === 0) return undefined;
  const attributes = new AttributeCursor(reply.bytes).inMessage(reply, fixedPart(reply, isError));
  let words: string | undefined;
  let blamed: string | undefined;
  while (attributes.next()) {
    if (attributes.type === NLMSGERR_ATTR_MSG) words = attributes.text();
    else if (attributes.type === NLMSGERR_ATTR_OFFS) blamed = blame(request, attributes.u32());
    else if (attributes.type === NLMSGERR_ATTR_MISS_TYPE) blamed = `attribute ${attributes.u32()} is missing`;
  }
  if (words === undefined || blamed === undefined) return words ?? blamed;
  return `${words}; ${blamed}`;
}

/** Bytes before the attributes: errno, and for an error the request's header or the whole of it. */
function fixedPart(reply: MessageCursor, isError: boolean): number {
  if (!isError) return 4;
  const repeated = (reply.flags & NLM_F_CAPPED) === 0 ? Math.max(reply.u32(4), MESSAGE_HEADER) : MESSAGE_HEADER;
  return 4 + align(repeated);
}

/** Names the attribute at the offset of the request that the kernel points at. */
function blame(request: Uint8Array, offset: number): string {
  if (offset + ATTRIBUTE_HEADER > request.length || offset < MESSAGE_HEADER) return `byte ${offset} of the request`;
  const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
  return `attribute ${view.getUint16(offset + 2, HOST_LITTLE_ENDIAN) & NLA_TYPE_MASK} at byte ${offset} of the request`;
}
