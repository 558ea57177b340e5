import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";

/** Whether QEMU can make a processor by /dev/kvm here. The file alone proves nothing: within some machines it is there and of no use. */
export function kvmWorks(qemu: string): boolean {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return false;
  }
  const words = ["-nodefaults", "-no-user-config", "-display", "none", "-accel", "kvm", "-cpu", "host", "-S"];
  const { status } = spawnSync(qemu, [...words, "-monitor", "stdio"], {
    input: "quit\n",
    stdio: ["pipe", "ignore", "ignore"],
    timeout: 10_000,
  });
  return status === 0;
}
