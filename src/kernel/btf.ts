import { readFileSync } from "node:fs";
import { KernelError } from "./error.ts";
import { kernelErrorFromNode } from "./ffi/errno.ts";

const PATH = "/sys/kernel/btf/vmlinux";
const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
const KIND_ENUM = 6;

/** Bytes after the common twelve of a type, by kind: [fixed, for each of `vlen`] (Documentation/bpf/btf.rst). */
const SIZES: Readonly<Record<number, readonly [fixed: number, each: number]>> = {
  1: [4, 0],
  3: [12, 0],
  4: [0, 12],
  5: [0, 12],
  [KIND_ENUM]: [0, 8],
  13: [0, 8],
  14: [4, 0],
  15: [0, 12],
  17: [4, 0],
  19: [0, 12],
};

/** Says whether the kernel describes its own types, without which no program can read its structures. */
export function readKernelTypes(): Buffer {
  try {
    return readFileSync(PATH);
  } catch (error) {
    throw kernelErrorFromNode("read the kernel's own types (BTF)", error, {
      remedy:
        "a kernel built with CONFIG_DEBUG_INFO_BTF is needed, and /sys mounted; the stock kernels of Debian, Ubuntu and Fedora have it",
    });
  }
}

/** Says whether eBPF programs of this kernel can call a function of it; `types` from `readKernelTypes`. */
export function hasKernelFunction(types: Buffer, name: string): boolean {
  return types.includes(`\0${name}\0`);
}

/** The names of an enumeration's values, as the running kernel was compiled; undefined if it has no such enumeration. */
export function enumNames(btf: Buffer, wanted: string): ReadonlyMap<number, string> | undefined {
  const view = new DataView(btf.buffer, btf.byteOffset, btf.length);
  if (btf.length < HEADER_BYTES) throw malformed("BTF that ends too early");
  const little = view.getUint16(0, true) === MAGIC;
  if (!little && view.getUint16(0, false) !== MAGIC) throw malformed("no BTF");
  const u32 = (offset: number): number => {
    if (offset + 4 > btf.length) throw malformed("BTF that ends too early");
    return view.getUint32(offset, little);
  };
  const header = u32(4);
  const types = header + u32(8);
  const end = types + u32(12);
  const strings = header + u32(16);
  const text = (offset: number): string => {
    const start = strings + offset;
    const stop = btf.indexOf(0, start);
    if (stop === -1) throw malformed("BTF that ends too early");
    return btf.toString("latin1", start, stop);
  };
  for (let at = types; at < end;) {
    const info = u32(at + 4);
    const kind = (info >>> 24) & 0x1f;
    const count = info & 0xffff;
    if (kind === KIND_ENUM && text(u32(at)) === wanted) {
      return new Map(
        Array.from({ length: count }, (_, i) => [u32(at + 16 + i * 8), text(u32(at + 12 + i * 8))] as const),
      );
    }
    const [fixed, each] = SIZES[kind] ?? [0, 0];
    at += 12 + fixed + each * count;
  }
  return undefined;
}

function malformed(what: string): KernelError {
  return new KernelError("kernel-malformed", what, {
    tried: "read the kernel's own types (BTF)",
    errno: 0,
    remedy: "this is a defect: report it with the kernel's release (`uname -r`)",
  });
}
