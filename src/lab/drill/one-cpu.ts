import { availableParallelism } from "node:os";
import type { Scene } from "./scene.ts";

/**
 * Has one CPU take in all that comes to the gateway by a link, and keeps the generator, which is part of this process,
 * on another one: else it would be slowed down by what it does. Until the scene ends.
 */
export function steerToOneCpu(scene: Scene, ...links: readonly string[]): void {
  for (const link of links) {
    const line = `echo 1 > /sys/class/net/${link}/queues/rx-0/rps_cpus`;
    // The namespace has its interfaces only in a /sys of its own, which `ip netns exec` mounts.
    scene.run("gateway", "ip", "netns", "exec", scene.gateway, "sh", "-c", line);
  }
  const own = String(process.pid);
  const [, before = `0-${availableParallelism() - 1}`] =
    /: (\S+)$/.exec(scene.run("gateway", "taskset", "-cp", own).trim()) ?? [];
  scene.undo(() => void scene.run("gateway", "taskset", "-acp", before, own));
  scene.run("gateway", "taskset", "-acp", "1", own);
}

/** Why packets cannot be steered here; undefined: they can. */
export function whyNotSteered(): string | undefined {
  return availableParallelism() > 1 ? undefined : "this machine has one CPU: nothing can be steered to another";
}
