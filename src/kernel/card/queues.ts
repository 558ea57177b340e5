import { constants } from "node:os";
import { kernelErrorFromErrno } from "../ffi/errno.ts";
import type { NamespaceName } from "../namespace.ts";
import { formatCpuMask, parseCpuList, parseCpuMask } from "./cpu-set.ts";
import { withSysfs, type Sysfs } from "./sysfs.ts";

/** Which steering of a queue: who does its receiving work (`rps`), or whose packets it sends (`xps`). */
export type Steering = "rps" | "xps";

/** CPUs by queue; undefined for one that the kernel lets nobody steer. */
export type QueueCpus = readonly (readonly number[] | undefined)[];

/** The CPUs of each queue. */
export function readQueueCpus(sysfs: Sysfs, device: string, steering: Steering): QueueCpus {
  const prefix = DIRECTIONS[steering];
  return sysfs
    .list(`class/net/${device}/queues`)
    .filter((name) => name.startsWith(`${prefix}-`))
    .map((name) => {
      const mask = sysfs.read(queuePath(device, steering, Number(name.slice(prefix.length + 1))));
      return mask === undefined ? undefined : parseCpuMask(mask);
    });
}

/** The CPUs of one queue; undefined if it is not there. */
export function readQueue(
  namespace: NamespaceName,
  device: string,
  steering: Steering,
  queue: number,
): number[] | undefined {
  const mask = withSysfs(namespace, (sysfs) => sysfs.read(queuePath(device, steering, queue)));
  return mask === undefined ? undefined : parseCpuMask(mask);
}

/** Sets the CPUs of one queue; none switches the steering off. */
export function writeQueue(
  namespace: NamespaceName,
  device: string,
  steering: Steering,
  queue: number,
  cpus: readonly number[],
): void {
  const tried = `set ${steering} of queue ${queue} of ${device}`;
  withSysfs(namespace, (sysfs) => {
    const path = queuePath(device, steering, queue);
    if (sysfs.read(path) === undefined) {
      throw kernelErrorFromErrno(tried, constants.errno.EOPNOTSUPP, {
        remedy: `the kernel needs CONFIG_${steering.toUpperCase()}`,
      });
    }
    sysfs.write(path, formatCpuMask(cpus));
  });
}

/** The CPUs that are on, and those of a NUMA node; all if the machine does not say. */
export function readCpus(sysfs: Sysfs, node?: number): number[] {
  const online = parseCpuList(sysfs.read("devices/system/cpu/online") ?? "0");
  const list = node === undefined ? undefined : sysfs.read(`devices/system/node/node${node}/cpulist`);
  if (list === undefined) return online;
  const cpus = parseCpuList(list).filter((cpu) => online.includes(cpu));
  return cpus.length === 0 ? online : cpus;
}

/** The NUMA node of the slot that the card is in; undefined if it is in none or the machine does not say. */
export function readNode(sysfs: Sysfs, device: string): number | undefined {
  const directory = `class/net/${device}/device`;
  const text = sysfs.read(`${directory}/numa_node`) ?? sysfs.read(`${directory}/../numa_node`);
  return text === undefined || Number(text) < 0 ? undefined : Number(text);
}

/** Its speed in Mbit/s; undefined if it does not say. */
export function readSpeed(sysfs: Sysfs, device: string): number | undefined {
  const speed = Number(sysfs.read(`class/net/${device}/speed`) ?? 0);
  return speed > 0 ? speed : undefined;
}

const DIRECTIONS: Readonly<Record<Steering, string>> = { rps: "rx", xps: "tx" };

function queuePath(device: string, steering: Steering, queue: number): string {
  return `class/net/${device}/queues/${DIRECTIONS[steering]}-${queue}/${steering}_cpus`;
}
