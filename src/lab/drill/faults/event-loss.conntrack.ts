import { runInNamespace } from "../../../kernel/namespace.ts";
import type { Fault } from "../fault.ts";

/** conntrack(8) that writes a log of translations, stopped in the middle of it. */
export const fault: Fault = {
  id: "event-loss",
  title: "conntrack -E has been stopped, and connections go on",
  plant: (scene) => {
    const line = "setsid conntrack -E -b 4096 >/dev/null 2>&1 </dev/null & echo $!; sleep 0.3";
    const pid = scene.run("gateway", "sh", "-c", line).trim();
    scene.undo(() => void scene.run("gateway", "kill", "-9", pid));
    scene.run("gateway", "kill", "-STOP", pid);
  },
  traffic: async (scene, signal) => {
    await scene.fillTable({ connections: 50_000, rate: 2000, signal });
  },
  settle: 1000,
  expect: ({ findings }) =>
    findings.some(({ id, subject }) => id === "event-loss" && subject?.startsWith("conntrack ") === true)
      ? undefined
      : "the program is not named",
  impossible: () =>
    runInNamespace(undefined, "conntrack", ["--version"]).status === 0 ? undefined : "conntrack is not installed",
};
