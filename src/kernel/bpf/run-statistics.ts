import { Descriptor } from "../ffi/descriptor.ts";
import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";
import { checkBpf } from "./error.ts";
import { libbpf } from "./libbpf.ts";
import type { BpfProgram } from "./program.ts";
import { readProgramInfo } from "./program-info.ts";

/** How often a program ran, and what it cost. */
export interface RunStatistics {
  /** 0 both, unless run statistics are on. */
  readonly runs: number;
  readonly nanoseconds: number;
  /** Times it was due but did not run, because it was running already on that processor (kernel 5.12). */
  readonly misses: number;
}

const BPF_STATS_RUN_TIME = 0;
/** Where the fields lie in struct bpf_prog_info. */
const RUN_TIME = 192;
const RUNS = 200;
const MISSES = 208;
const INFO_BYTES = 216;

/** Makes the kernel measure every eBPF program of this machine, which costs each run some 20 ns, until closed. Kernel 5.8. */
export function measurePrograms(): Descriptor {
  return new Descriptor(checkBpf(libbpf().bpf_enable_stats(BPF_STATS_RUN_TIME), "measure eBPF programs"));
}

/** What the kernel has measured of a program since it was loaded. */
export function readRunStatistics(program: BpfProgram): RunStatistics {
  const info = readProgramInfo(program, INFO_BYTES);
  const at = (offset: number): number => Number(info.getBigUint64(offset, HOST_LITTLE_ENDIAN));
  return { runs: at(RUNS), nanoseconds: at(RUN_TIME), misses: at(MISSES) };
}
