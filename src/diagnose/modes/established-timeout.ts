import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatPercent, formatSeconds } from "../figures.ts";
import type { SafeFix } from "../finding.ts";
import { idleLonger } from "../idle.ts";
import { sysctlCommands } from "../room.ts";
import { settingOf, valueOf } from "../signals.ts";

const SETTING = "net.netfilter.nf_conntrack_tcp_timeout_established";
const DAY = 86_400;
const HOUR = 3600;
/** The least RFC 5382 REQ-5 allows. */
const PROPOSED = 7440;
const TCP = 6;
/** Less are no burden to anybody. */
const FEWEST = 1000;
/** Of the table. */
const IDLE_SHARE = 0.3;
/** Of the limit: from here on they will fill it. */
const LIMIT_SHARE = 0.2;

/** Idle TCP connections stay for days. */
export const mode: FailureMode = {
  id: "established-timeout",
  title: "Idle TCP connections stay in the table for days",
  severity: "risk",
  why: "A TCP connection that ended without a word (a laptop shut, a phone out of reach) keeps its entry until the timeout; at five days the dead outnumber the living and fill the table.",
  needs: ["table"],
  counters: ["conntrack.max"],
  consequences: ["full-of-assured", "table-full"],
  examine: (signals) => {
    const timeout = settingOf(signals, SETTING);
    const { table } = signals;
    if (timeout === undefined || table === undefined || timeout < DAY) return [];
    const established = table.states.filter(({ protocol, state }) => protocol === TCP && state === "ESTABLISHED");
    const idle = idleLonger(established, HOUR);
    if (idle < FEWEST || idle < table.entries * IDLE_SHARE) return [];
    const count = established.reduce((sum, one) => sum + one.count, 0);
    const max = valueOf(signals, "conntrack.max") ?? 0;
    const safe: SafeFix[] = [{ kind: "sysctl", name: SETTING, value: String(PROPOSED) }];
    return [
      {
        severity: idle >= max * LIMIT_SHARE ? "risk" : "note",
        summary: `${formatCount(idle)} of ${formatCount(table.entries)} connections are TCP idle for more than an hour, and may stay ${formatSeconds(timeout)}`,
        evidence: [
          { what: SETTING, value: String(timeout), meaning: formatSeconds(timeout) },
          { what: "TCP connections established", value: formatCount(count) },
          {
            what: "of these idle for more than an hour",
            value: formatCount(idle),
            meaning: `${formatPercent(idle / table.entries)} of the table, ${formatPercent(idle / Math.max(1, max))} of the limit`,
          },
          { what: "idle for more than 12 hours", value: formatCount(idleLonger(established, 12 * HOUR)) },
          { what: "idle for more than a day", value: formatCount(idleLonger(established, DAY)) },
        ],
        top: {
          title: "Who has most connections",
          rows: table.subscribers.slice(0, 5).map((one) => `${one.key}: ${formatCount(one.count)}`),
        },
        fixes: [
          {
            text: "Keep idle TCP connections for 2 hours and 4 minutes",
            commands: sysctlCommands(safe),
            file: "capacity: { timeouts: rfc }",
            effect:
              "connections go 2 h 4 min after their last packet; those that are idle already keep the time they have",
            risk: "a program that is silent for longer than 2 h 4 min without TCP keep-alives loses its connection (keep-alives come every 2 h)",
            safe,
          },
          {
            text: "Remove what has been idle for longer than that already",
            commands: [
              `meganat flows delete --protocol tcp --state ESTABLISHED --expires-within ${timeout - PROPOSED}s`,
            ],
            effect: "room at once (before the timeout is changed: it is what tells how long they have been idle)",
            risk: "connections that are quiet but alive get a new translation, which their other end does not know: they break",
          },
        ],
      },
    ];
  },
};
