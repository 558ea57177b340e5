import { KernelError } from "./error.ts";
import { runInNamespace } from "./namespace.ts";

/**
 * Has a CPU do the receiving work of an interface's first queue (RPS), whoever sent the packet. The namespace must have
 * a name: /sys shows the interfaces of whoever mounted it, and `ip netns exec` mounts it anew.
 */
export function steerReceiving(namespace: string, interfaceName: string, cpu: number): void {
  const mask = cpuMask(cpu);
  const file = `/sys/class/net/${interfaceName}/queues/rx-0/rps_cpus`;
  const script = 'printf %s "$1" > "$2"';
  const args = ["netns", "exec", namespace, "sh", "-c", script, "sh", mask, file];
  const { status, stderr } = runInNamespace(undefined, "ip", args);
  if (status === 0) return;
  throw new KernelError("program-failed", "the kernel did not take it", {
    tried: `have CPU ${cpu} receive for ${interfaceName} in ${namespace}`,
    errno: 0,
    kernelSaid: stderr.trim(),
    remedy: "run as root; the kernel needs CONFIG_RPS",
  });
}

/** The kernel's bit mask of one CPU: hexadecimal words of 32 bits, separated by commas. */
export function cpuMask(cpu: number): string {
  const words = [(1 << (cpu % 32)) >>> 0, ...Array.from({ length: Math.floor(cpu / 32) }, () => 0)];
  return words.map((word, i) => (i === 0 ? word.toString(16) : word.toString(16).padStart(8, "0"))).join(",");
}
