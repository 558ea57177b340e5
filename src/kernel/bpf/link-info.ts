import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";
import { checkBpf } from "./error.ts";
import { libbpf } from "./libbpf.ts";

/** Bytes of struct bpf_link_info that are asked for: type, id, prog_id, and after them what the type has. */
const INFO_BYTES = 32;
const PROGRAM = 8;
/** XDP and tc attachments both begin with the interface. */
const INTERFACE = 16;

/** The index of the interface an XDP or tc attachment is at; 0 if that interface is gone. */
export function readLinkInterface(fd: number): number {
  return readLinkInfo(fd).getUint32(INTERFACE, HOST_LITTLE_ENDIAN);
}

/** The kernel's number of the program that is attached. */
export function readLinkProgram(fd: number): number {
  return readLinkInfo(fd).getUint32(PROGRAM, HOST_LITTLE_ENDIAN);
}

function readLinkInfo(fd: number): DataView {
  const info = new DataView(new ArrayBuffer(INFO_BYTES));
  const length = new Uint8Array(Uint32Array.of(INFO_BYTES).buffer);
  checkBpf(libbpf().bpf_obj_get_info_by_fd(fd, new Uint8Array(info.buffer), length), "ask where it is attached");
  return info;
}
