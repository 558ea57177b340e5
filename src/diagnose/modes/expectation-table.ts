import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix } from "../finding.ts";
import { formatCount, formatPercent } from "../figures.ts";
import { deltaOf, droppedFor, valueOf } from "../signals.ts";

const LIMIT = "net.netfilter.nf_conntrack_expect_max";
const NEARLY_FULL = 0.9;

/** Helpers (FTP, SIP, ...) may expect no further connection. */
export const mode: FailureMode = {
  id: "expectation-table",
  title: "The table of expected connections is full",
  severity: "loss",
  why: "A helper notes each connection that FTP, SIP or another protocol announces; with no room for the note it drops the packet that announces it, and the transfer or call fails.",
  needs: [],
  counters: ["expectation.count", "expectation.max"],
  examine: (signals) => {
    const count = valueOf(signals, "expectation.count") ?? 0;
    const max = valueOf(signals, "expectation.max") ?? 0;
    if (max === 0 || count < max * NEARLY_FULL) return [];
    const created = deltaOf(signals, "expectation.create");
    const logged = signals.log?.find(({ id }) => id === "expectation-table-full")?.now ?? 0;
    // Dropped by the helper, on its hook: nothing counts them there. Other drops of hooks may be among them.
    const dropped = count >= max ? droppedFor(signals, "hook", "netfilter") : 0;
    const isFull = count >= max && (dropped > 0 || logged > 0);
    const helpers = signals.table?.helpers ?? [];
    const evidence: Evidence[] = [
      {
        what: "connections expected (conntrack -L expect)",
        value: formatCount(count),
        meaning: `${formatPercent(count / max)} of the limit`,
      },
      { what: `limit (${LIMIT})`, value: formatCount(max) },
      {
        what: "expected anew, and expected ones that came",
        value: `${formatCount(created)}, ${formatCount(deltaOf(signals, "expectation.new"))}`,
      },
    ];
    if (dropped > 0) {
      evidence.push({
        what: "packets dropped on a hook, by no rule",
        value: formatCount(dropped),
        meaning: "nf_hook_slow",
      });
    }
    if (logged > 0) {
      evidence.push({
        what: "kernel log: expectation table full",
        value: formatCount(logged),
        meaning: "the kernel logs only some",
      });
    }
    return [
      {
        ...(isFull ? {} : { severity: "risk" as const }),
        summary: isFull
          ? `${formatCount(count)} of ${formatCount(max)} expected connections; ${formatCount(dropped)} packets dropped in ${signals.seconds.toFixed(1)} s`
          : `${formatCount(count)} of ${formatCount(max)} expected connections: ${formatPercent(Math.max(0, 1 - count / max))} left`,
        evidence,
        ...(helpers.length === 0
          ? {}
          : {
              top: {
                title: "Connections by helper",
                rows: helpers.slice(0, 5).map(({ key, count: connections }) => `${key}: ${formatCount(connections)}`),
              },
            }),
        explains:
          isFull && dropped > 0
            ? [{ cause: signals.drops?.rows.some(({ cause }) => cause === "hook") === true ? "hook" : "netfilter" }]
            : [],
        fixes: [raise(max)],
      },
    ];
  },
};

function raise(max: number): Fix {
  const value = String(Math.max(4096, max * 4));
  return {
    text: "Raise the limit",
    commands: [`sysctl -w ${LIMIT}=${value}`],
    effect: `room for ${formatCount(Number(value))} expected connections, of all namespaces each`,
    risk: "none; a client that announces connections and never makes them fills that too, see `conntrack -L expect`",
    safe: [{ kind: "sysctl", name: LIMIT, value }],
  };
}
