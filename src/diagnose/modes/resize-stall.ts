import type { FailureMode } from "../failure-mode.ts";
import { formatCount } from "../figures.ts";
import { deltaOf, valueOf } from "../signals.ts";

/** So many take the kernel a tenth of a second and more, in which no packet is handled. */
const MANY = 500_000;

/** Somebody gave the connection table another size while it was in use. */
export const mode: FailureMode = {
  id: "resize-stall",
  title: "The hash of the connection table was given another size under load",
  severity: "degraded",
  why: "While nf_conntrack_buckets is changed the kernel holds all locks of the table and moves every connection: no packet of the whole host is handled meanwhile, and queues overflow.",
  needs: [],
  counters: ["conntrack.count", "conntrack.buckets"],
  examine: (signals) => {
    const change = deltaOf(signals, "conntrack.buckets");
    if (change === 0) return [];
    const count = valueOf(signals, "conntrack.count") ?? 0;
    const now = valueOf(signals, "conntrack.buckets") ?? 0;
    return [
      {
        severity: count >= MANY ? "degraded" : "note",
        summary: `somebody changed the buckets from ${formatCount(now - change)} to ${formatCount(now)} with ${formatCount(count)} connections in the table`,
        evidence: [
          {
            what: "nf_conntrack_buckets",
            value: `${formatCount(now - change)}, then ${formatCount(now)}`,
            meaning: "a setting of the whole host",
          },
          { what: "connections of this namespace that were moved", value: formatCount(count) },
          {
            what: "look-ups begun again because of it (search_restart)",
            value: formatCount(deltaOf(signals, "conntrack.searchRestart")),
          },
        ],
        fixes: [
          {
            text: "Find out who writes it (kube-proxy, tuned, a start script), and set it once, at boot",
            commands: [
              `echo 'options nf_conntrack hashsize=${now}' > /etc/modprobe.d/nf_conntrack.conf   # where it is a module`,
              "grep -rs nf_conntrack_buckets /etc/sysctl.conf /etc/sysctl.d /usr/lib/sysctl.d /etc/tuned",
            ],
            effect: "the hash has its size before there are connections to move",
            risk: "with hashsize= the kernel makes nf_conntrack_max eight times as large unless it is set, too",
          },
        ],
      },
    ];
  },
};
