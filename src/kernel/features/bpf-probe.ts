import { arch } from "node:os";
import { Descriptor } from "../ffi/descriptor.ts";
import { checkCall } from "../ffi/errno.ts";
import { addressOf, libc } from "../ffi/libc.ts";
import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";

const SYS_BPF = arch() === "x64" ? 321 : 280;
const BPF_PROG_LOAD = 5;
/** Bytes of union bpf_attr that a plain load needs; the kernel takes the rest as zero. */
const ATTRIBUTE_BYTES = 72;

/** Program types (include/uapi/linux/bpf.h) that MegaNAT has a use for. */
export const BPF_PROGRAM_TYPES = { kprobe: 2, schedCls: 3, tracepoint: 5, xdp: 6, perfEvent: 7 } as const;

/** Loads the smallest program of a type, `return 0`; closing the descriptor unloads it. */
export function loadSmallestProgram(type: number, tried: string): Descriptor {
  // mov64 r0, 0; exit
  const instructions = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
  const license = Buffer.from("GPL\0");
  const attribute = new DataView(new ArrayBuffer(ATTRIBUTE_BYTES));
  attribute.setUint32(0, type, HOST_LITTLE_ENDIAN);
  attribute.setUint32(4, instructions.length / 8, HOST_LITTLE_ENDIAN);
  attribute.setBigUint64(8, addressOf(instructions), HOST_LITTLE_ENDIAN);
  attribute.setBigUint64(16, addressOf(license), HOST_LITTLE_ENDIAN);
  const bytes = new Uint8Array(attribute.buffer);
  const fd = libc.syscall(SYS_BPF, "int", BPF_PROG_LOAD, "void *", bytes, "uint32_t", bytes.length);
  return new Descriptor(checkCall(fd, tried));
}
