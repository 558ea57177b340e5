import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";

/** Reads host-order 64-bit counters one after the other; beyond 2^53 the last bits are lost, which no rate notices. */
export function readU64s(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 3 }, (_, i) => Number(view.getBigUint64(8 * i, HOST_LITTLE_ENDIAN)));
}

/** Reads host-order 32-bit counters one after the other. */
export function readU32s(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(4 * i, HOST_LITTLE_ENDIAN));
}
