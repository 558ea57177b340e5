import { KernelError } from "../kernel/error.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { takeSnapshot } from "../observe/counters/snapshot.ts";
import { DropWatch } from "../observe/drops/watch.ts";
import { ShareWatch } from "../observe/profile/share-watch.ts";
import type { Observation } from "./model.ts";

const DROPS_PERIOD = 1000;
const CPU_PERIOD = 3000;

/** Reads what is quick to read: counters, drops and what the processors do. Blocks its thread for some milliseconds. */
export class Sensors {
  readonly #namespace: NamespaceName;
  readonly #see: (seen: Observation) => void;
  #drops: DropWatch | undefined;
  #cpu: ShareWatch | undefined;
  #dropsAt = 0;
  #cpuAt = 0;

  constructor(namespace: NamespaceName, see: (seen: Observation) => void) {
    this.#namespace = namespace;
    this.#see = see;
  }

  /** Reads the counters, and the rest if it is time, or `all` of it. */
  tick(all = false): void {
    this.#see({ kind: "counters", counters: takeSnapshot(this.#namespace, ["conntrack"]) });
    const now = performance.now();
    if (this.#drops !== undefined && (all || now - this.#dropsAt >= DROPS_PERIOD)) {
      this.#dropsAt = now;
      this.#see({ kind: "drops", report: this.#drops.next(), limits: this.#drops.limits });
    }
    if (this.#cpu !== undefined && (all || now - this.#cpuAt >= CPU_PERIOD)) {
      this.#cpuAt = now;
      this.#see({ kind: "cpu", summary: this.#cpu.next() });
    }
  }

  /** Begins to watch drops and processors, which takes half a second and more; or says why it cannot. */
  startProbes(): void {
    const namespace = this.#namespace;
    try {
      this.#drops = new DropWatch({ namespace, only: namespace !== undefined, samplesPerSecond: 0 });
      this.#dropsAt = performance.now();
    } catch (error) {
      this.#see({ kind: "no-drops", why: `not counted: ${words(error)}` });
    }
    try {
      const watch = new ShareWatch();
      if (watch.isBlind) {
        watch.close();
        this.#see({ kind: "no-cpu", why: "not measured: the kernel hides its symbols (kernel.kptr_restrict)" });
      } else this.#cpu = watch;
      this.#cpuAt = performance.now();
    } catch (error) {
      this.#see({ kind: "no-cpu", why: `not measured: ${words(error)}` });
    }
  }

  close(): void {
    this.#drops?.close();
    this.#cpu?.close();
  }
}

/** What was thrown and what would help, on one line. */
export function words(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof KernelError ? `; ${error.remedy}` : "";
  return (message + remedy).replaceAll(/\s+/g, " ");
}
