import { writeSync } from "node:fs";
import { libc } from "./ffi/libc.ts";
import { HOST_LITTLE_ENDIAN } from "./netlink/header.ts";

const POLLOUT = 4;

/**
 * Writes all bytes to a descriptor, waiting for a slow reader; false if the reader has gone (EPIPE). For threads of
 * their own: it blocks. Node.js sets standard output to not block when it is a pipe, which is why EAGAIN is waited for.
 */
export function writeAll(fd: number, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at, bytes.length - at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EPIPE") return false;
      if (code !== "EAGAIN") throw error;
      waitWritable(fd);
    }
  }
  return true;
}

function waitWritable(fd: number): void {
  const request = Buffer.alloc(8);
  if (HOST_LITTLE_ENDIAN) request.writeInt32LE(fd, 0);
  else request.writeInt32BE(fd, 0);
  if (HOST_LITTLE_ENDIAN) request.writeInt16LE(POLLOUT, 4);
  else request.writeInt16BE(POLLOUT, 4);
  libc.poll(request, 1, 1000);
}
