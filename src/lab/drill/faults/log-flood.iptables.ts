import { runInNamespace } from "../../../kernel/namespace.ts";
import type { Fault } from "../fault.ts";
import { logFromLab, sendQueries } from "./log-flood.ts";

/** The same by the older packet filter. */
export const fault: Fault = {
  id: "log-flood",
  title: "a rule of iptables-legacy logs every packet, without a limit",
  plant: (scene) => {
    logFromLab(scene);
    scene.run("gateway", "iptables-legacy", ..."-A FORWARD -p udp --dport 53 -j LOG --log-prefix dns".split(" "));
  },
  traffic: sendQueries,
  impossible: () =>
    runInNamespace(undefined, "iptables-legacy", ["--version"]).status === 0
      ? undefined
      : "iptables-legacy is not installed",
};
