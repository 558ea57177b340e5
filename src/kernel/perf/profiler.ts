import { BpfObject, objectPath } from "../bpf/object.ts";
import type { Descriptor } from "../ffi/descriptor.ts";
import { attachToClock, onlineCpus } from "./perf-event.ts";
import { decodeStack, type StackCount } from "./stack-record.ts";

/** Indices of `counters` in bpf/profile.bpf.c. */
const SAMPLES = 0;
const LOST = 1;

/** What was sampled so far. */
export interface StackCounts {
  readonly stacks: readonly StackCount[];
  /** All ticks of the clock, on all processors. */
  readonly samples: number;
  /** Of these, those whose stack found no room. */
  readonly lost: number;
}

/** Samples the call stacks of the kernel on every processor, from its making until `close`. */
export class Profiler {
  readonly cpus: readonly number[];
  readonly #object: BpfObject;
  #clocks: Descriptor[] = [];

  /** `frequency` in samples a second and processor. Throws `kernel-permission`, `program-missing`. */
  constructor(frequency: number) {
    this.cpus = onlineCpus();
    this.#object = BpfObject.load(objectPath("profile"));
    try {
      const program = this.#object.program("sample");
      for (const cpu of this.cpus) this.#clocks.push(attachToClock(program, cpu, frequency));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Stops sampling; what was sampled can still be read. */
  stop(): void {
    for (const clock of this.#clocks) clock.close();
    this.#clocks = [];
  }

  read(): StackCounts {
    const stacks = this.#object.map("stacks");
    const counters = this.#object.map("counters");
    const found: StackCount[] = [];
    for (const key of stacks.keys()) {
      const value = stacks.lookup(key);
      if (value !== undefined) found.push(decodeStack(key, value));
    }
    return { stacks: found, samples: counters.sumAt(SAMPLES), lost: counters.sumAt(LOST) };
  }

  close(): void {
    this.stop();
    this.#object.close();
  }
}
