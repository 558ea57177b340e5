import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { kernelErrorFromNode } from "../ffi/errno.ts";
import { parseCpuList } from "./cpu-set.ts";
import type { Sysfs } from "./sysfs.ts";

/** An interrupt of a card. */
export interface Interrupt {
  readonly irq: number;
  /** What the driver calls it: `eth0-TxRx-3`, `virtio2-input.0`. */
  readonly name: string;
  /** CPUs that may be interrupted. */
  readonly cpus: readonly number[];
}

/** The message-signalled interrupts of the interface that are in use; none of a virtual one. */
export function readInterrupts(sysfs: Sysfs, device: string): Interrupt[] {
  const directory = `class/net/${device}/device`;
  const own = sysfs.list(`${directory}/msi_irqs`);
  // A virtio device has those of the PCI function it is on.
  const isVirtio = sysfs.read(`${directory}/modalias`)?.startsWith("virtio:") === true;
  const irqs = isVirtio ? sysfs.list(`${directory}/../msi_irqs`) : own;
  return irqs.flatMap((text) => {
    const irq = Number(text);
    const name = sysfs.read(`kernel/irq/${irq}/actions`) ?? "";
    const cpus = readAffinity(irq);
    return name === "" || cpus === undefined ? [] : [{ irq, name, cpus }];
  });
}

/** The CPUs that an interrupt may go to; undefined if it is not there. */
export function readAffinity(irq: number): number[] | undefined {
  try {
    return parseCpuList(readFileSync(affinityPath(irq), "utf8"));
  } catch {
    return undefined;
  }
}

/** Sets them, as a list: `0-3,8`. Interrupts that the kernel spreads itself refuse. */
export function writeAffinity(irq: number, list: string): void {
  try {
    const file = openSync(affinityPath(irq), "r+");
    try {
      writeSync(file, `${list}\n`);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw kernelErrorFromNode(`send interrupt ${irq} to CPU ${list}`, error, {
      remedy: "run as root; the kernel keeps some interrupts (managed ones) where it put them",
    });
  }
}

/** Says whether a program of the name is running, as far as /proc shows. */
export function isRunning(program: string): boolean {
  return readdirSync("/proc").some((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/comm`, "utf8").trim() === program;
    } catch {
      return false;
    }
  });
}

function affinityPath(irq: number): string {
  return `/proc/irq/${irq}/smp_affinity_list`;
}
