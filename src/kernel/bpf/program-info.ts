import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";
import { checkBpf } from "./error.ts";
import { libbpf } from "./libbpf.ts";
import type { BpfProgram } from "./program.ts";

/** What the kernel found when it took a program. */
export interface Verification {
  /** In libbpf's words: `xdp`, `sched_cls`, `raw_tracepoint`; a number if it does not know the kind. */
  readonly kind: string;
  /** Instructions the verifier went through on all paths; it gives up at a million. Kernel 5.16; before it 0. */
  readonly instructions: number;
}

const TYPE = 0;
const VERIFIED_INSTRUCTIONS = 216;
const VERIFICATION_BYTES = 224;

/** Asks the kernel what it found when it took the program. */
export function readVerification(program: BpfProgram): Verification {
  const info = readProgramInfo(program, VERIFICATION_BYTES);
  const type = info.getUint32(TYPE, HOST_LITTLE_ENDIAN);
  return {
    kind: libbpf().libbpf_bpf_prog_type_str(type) ?? String(type),
    instructions: info.getUint32(VERIFIED_INSTRUCTIONS, HOST_LITTLE_ENDIAN),
  };
}

/**
 * The first bytes of struct bpf_prog_info (include/uapi/linux/bpf.h), which only grows at its end; what an older kernel
 * does not know is 0.
 */
export function readProgramInfo(program: BpfProgram, bytes: number): DataView {
  const info = new Uint8Array(bytes);
  const length = new Uint8Array(Uint32Array.of(bytes).buffer);
  checkBpf(libbpf().bpf_obj_get_info_by_fd(program.fd, info, length), `ask the kernel about ${program.name}`);
  return new DataView(info.buffer);
}
