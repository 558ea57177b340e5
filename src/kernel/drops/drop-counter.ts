import { BpfObject, objectPath } from "../bpf/object.ts";
import { attachRawTracepoint } from "../bpf/raw-tracepoint.ts";
import { measurePrograms, readRunStatistics, type RunStatistics } from "../bpf/run-statistics.ts";
import { enumNames, hasKernelFunction, readKernelTypes } from "../btf.ts";
import type { Descriptor } from "../ffi/descriptor.ts";
import {
  decodeCause,
  decodeSample,
  decodeSeats,
  mergeCounts,
  readCount,
  SAMPLE_BYTES,
  type DropCount,
  type DropSample,
} from "./record.ts";

const TRACEPOINT = "kfree_skb";
/** Indices of `counters` in bpf/drops.h. */
const UNATTRIBUTED = 0;
const SAMPLES_LOST = 1;
/** How many samples are taken out at once: what the kernel's queue holds. */
const SAMPLES_AT_ONCE = 4096;

/** What to count. */
export interface DropCounterOptions {
  /** Inode of the one network namespace to count in; default: all. */
  readonly namespace?: number;
  /** Headers to sample, a second and processor; default none. */
  readonly samplesPerSecond?: number;
}

/** All that has been counted so far. */
export interface DropCounts {
  readonly counts: readonly DropCount[];
  /** Drops of more causes than the table holds, and those that fell into the counting of another. */
  readonly unattributed: number;
  /** Headers that were due but not sampled: above the rate, or the queue was full. */
  readonly samplesLost: number;
}

/** Counts dropped packets in the kernel, from its making until `close`. */
export class DropCounter {
  /** Names of the reasons as this kernel has them, without `SKB_DROP_REASON_`. */
  readonly reasonNames: ReadonlyMap<number, string>;
  readonly #object: BpfObject;
  readonly #attachment: Descriptor;
  #measuring: Descriptor | undefined;

  /**
   * Throws `kernel-permission` without CAP_BPF and CAP_PERFMON, `kernel-not-found` without BTF, `kernel-not-supported`
   * on kernels before 5.17, `program-missing` if libbpf is not installed or the object was not built.
   */
  constructor(options: DropCounterOptions = {}) {
    const types = readKernelTypes();
    this.reasonNames = reasonNames(types);
    this.#object = BpfObject.load(objectPath(objectFor(types)));
    try {
      const config = Uint32Array.of(options.namespace ?? 0, options.samplesPerSecond ?? 0);
      this.#object.map("config").updateAt(0, new Uint8Array(config.buffer));
      this.#attachment = attachRawTracepoint(this.#object.program("count_drop"), TRACEPOINT);
    } catch (error) {
      this.#object.close();
      throw error;
    }
  }

  /** What has been counted since the beginning. */
  read(): DropCounts {
    const causes = this.#object.map("causes");
    const counters = this.#object.map("counters");
    const counts = decodeSeats(this.#object.map("seats").lookupAt(0) ?? Buffer.alloc(0));
    for (const key of causes.keys()) {
      const values = causes.lookup(key);
      if (values !== undefined) counts.push({ ...decodeCause(key), packets: sum(values) });
    }
    const { misses } = readRunStatistics(this.#object.program("count_drop"));
    return {
      counts: mergeCounts(counts),
      unattributed: counters.sumAt(UNATTRIBUTED) + misses,
      samplesLost: counters.sumAt(SAMPLES_LOST),
    };
  }

  /** Takes the headers sampled since the last call. */
  takeSamples(): DropSample[] {
    const queue = this.#object.map("samples");
    const bytes = Buffer.alloc(SAMPLE_BYTES);
    const samples: DropSample[] = [];
    while (samples.length < SAMPLES_AT_ONCE && queue.popInto(bytes)) samples.push(decodeSample(bytes));
    return samples;
  }

  /** What counting has cost; the first call switches measuring on, which costs something itself. */
  measure(): RunStatistics {
    this.#measuring ??= measurePrograms();
    return readRunStatistics(this.#object.program("count_drop"));
  }

  close(): void {
    this.#measuring?.close();
    this.#attachment.close();
    this.#object.close();
  }
}

/** The object for this kernel: since 6.2 programs may load from kernel memory, which costs half; from BTF. */
export function objectFor(types: Buffer): "drops" | "drops-probed" {
  return hasKernelFunction(types, "bpf_rdonly_cast") ? "drops" : "drops-probed";
}

/** The names of all reasons, those of subsystems by their subsystem; from BTF. */
export function reasonNames(types: Buffer): Map<number, string> {
  const names = new Map<number, string>();
  for (const [value, name] of enumNames(types, "skb_drop_reason") ?? []) {
    if (value <= 0xffff) names.set(value, name.replace(/^SKB_(DROP_REASON_)?/, ""));
  }
  for (const [value, name] of enumNames(types, "skb_drop_reason_subsys") ?? []) {
    if (value > 0) names.set(value * 0x10000, name.replace(/^SKB_DROP_REASON_SUBSYS_/, ""));
  }
  return names;
}

function sum(values: Buffer): number {
  let total = 0;
  for (let at = 0; at < values.length; at += 8) total += readCount(values, at);
  return total;
}
