import { constants } from "node:os";
import { addressOf } from "../ffi/libc.ts";
import { bpfError } from "./error.ts";
import { libbpf, type TestRunOptions } from "./libbpf.ts";

/** What an XDP program decides about a frame: enum xdp_action in linux/bpf.h. */
export const XDP_DROP = 1;
export const XDP_PASS = 2;
export const XDP_REDIRECT = 4;
/** What a tc program decides: TC_ACT_* in linux/pkt_cls.h. */
export const TC_ACT_UNSPEC = 0xffffffff;
export const TC_ACT_REDIRECT = 7;

const BPF_F_TEST_XDP_LIVE_FRAMES = 1 << 1;
/** The kernel's own default; 256 is its maximum, and what a veth queue holds. */
const LIVE_BATCH = 64;
/** Room for a program that lengthens the frame. */
const OUTPUT_BYTES = 4096;

/** What became of one frame. */
export interface TestRunResult {
  /** What the program returned. */
  readonly verdict: number;
  readonly frame: Buffer;
}

/** An eBPF program in the kernel, as long as its object is open. */
export class BpfProgram {
  readonly name: string;
  readonly fd: number;

  constructor(name: string, fd: number) {
    this.name = name;
    this.fd = fd;
  }

  /** Runs the program once on a copy of the frame, which goes nowhere. */
  testRun(frame: Uint8Array): TestRunResult {
    return this.testRunInto(frame, Buffer.alloc(OUTPUT_BYTES));
  }

  /**
   * As `testRun`, with the memory for what becomes of the frame, which may be used again, and what the program is to
   * know beside the frame: its context (struct xdp_md, struct __sk_buff), where an interface's index means one of the
   * namespace that the thread is in.
   */
  testRunInto(frame: Uint8Array, output: Buffer, context?: Uint8Array): TestRunResult {
    const options = testRunOptions(frame);
    options.data_out = addressOf(output);
    options.data_size_out = output.length;
    if (context !== undefined) {
      options.ctx_in = addressOf(context);
      options.ctx_size_in = context.length;
    }
    const result = libbpf().bpf_prog_test_run_opts(this.fd, options);
    if (result < 0) throw bpfError(`run eBPF program ${this.name} on a frame`, result);
    return { verdict: options.retval, frame: output.subarray(0, options.data_size_out) };
  }
}

/**
 * Runs an XDP program `count` times, each time on a real frame that then goes where the program says.
 *
 * Blocks the thread. The frame's pages are used again without being written anew: a program that changes the frame
 * must write all of it. Redirection is by interface index in the network namespace the thread is in. A signal may end
 * it early: returns false then, and only the program's own count tells how far it came. Needs kernel 5.18.
 */
export function runLiveFrames(programFd: number, frame: Uint8Array, count: number): boolean {
  const options = testRunOptions(frame);
  options.repeat = count;
  options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
  options.batch_size = LIVE_BATCH;
  const result = libbpf().bpf_prog_test_run_opts(programFd, options);
  if (result === -constants.errno.EINTR) return false;
  if (result < 0) throw bpfError("send live frames (kernel 5.18 or newer)", result);
  return true;
}

function testRunOptions(frame: Uint8Array): TestRunOptions {
  return {
    sz: libbpf().testRunOptionsSize,
    data_in: addressOf(frame),
    data_out: 0n,
    data_size_in: frame.length,
    data_size_out: 0,
    ctx_in: 0n,
    ctx_size_in: 0,
    retval: 0,
    repeat: 1,
    duration: 0,
    flags: 0,
    batch_size: 0,
  };
}
