import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix } from "../finding.ts";
import { formatCount, formatRate } from "../figures.ts";
import { limitLog, loggingRules, type LoggingRule } from "../limit-log.ts";
import { deltaOf, settingOf, type Signals } from "../signals.ts";

/** A firewall that logs what strangers try writes a few lines a second. */
const NOTEWORTHY_PER_SECOND = 20;
const INVALID = "net.netfilter.nf_conntrack_log_invalid";
const ELSEWHERE = "net.netfilter.nf_log_all_netns";
const ROWS = 5;

interface Logger extends LoggingRule {
  /** Packets it met in the interval; undefined if it does not count. */
  readonly packets: number | undefined;
}

/** Packets are written into the kernel's log, each of them, in great number. */
export const mode: FailureMode = {
  id: "log-flood",
  title: "Packets flood the kernel's log",
  severity: "degraded",
  why: "The kernel writes a line for each such packet before it goes on with it, to a slow console as well if there is one: under load logging costs more than routing, fills disks, and pushes out messages that matter.",
  needs: [],
  examine: (signals) => {
    if (!mayLog(signals)) return [];
    const loggers = loggingRules(signals)
      .map((rule): Logger => ({ ...rule, packets: signals.counters[`rule.${rule.id}.packets`]?.delta }))
      .toSorted((a, b) => (b.packets ?? 0) - (a.packets ?? 0));
    const written = writtenByRules(signals, loggers);
    const counted = Math.max(0, ...loggers.map(({ packets }) => packets ?? 0));
    const invalid = writtenByTracking(signals);
    const rate = (count: number): number => count / signals.seconds;
    const byRules = rate(Math.max(written, counted)) >= NOTEWORTHY_PER_SECOND && loggers.length > 0;
    const byTracking = rate(invalid) >= NOTEWORTHY_PER_SECOND;
    if (!byRules && !byTracking) return [];
    const lines = (byRules ? Math.max(written, counted) : 0) + (byTracking ? invalid : 0);
    return [
      {
        summary: `${formatRate(rate(lines))} packets are written into the kernel's log${byRules ? "" : ", as invalid"}`,
        evidence: evidence(signals, loggers, written, invalid),
        ...(byRules
          ? { top: { title: "Rules that log without a limit", rows: loggers.slice(0, ROWS).map(rowOf) } }
          : {}),
        fixes: [...(byTracking ? [stopInvalid()] : []), ...(byRules ? [limit(loggers)] : [])],
      },
    ];
  },
};

/** Other namespaces than the first are only logged if the host says so. */
function mayLog(signals: Signals): boolean {
  return signals.host.hostNamespace || settingOf(signals, ELSEWHERE) === 1;
}

/** Lines in the log, of rules of this namespace as far as that can be told. */
function writtenByRules(signals: Signals, loggers: readonly Logger[]): number {
  const logged = signals.log?.find(({ id }) => id === "rule-log");
  if (logged === undefined) return 0;
  const names = new Set(signals.network.links.map(({ name }) => name));
  const [, incoming = "", outgoing = ""] = /IN=(\S*) OUT=(\S*)/.exec(logged.last) ?? [];
  const isOurs = loggers.length > 0 && (names.has(incoming) || names.has(outgoing));
  return isOurs ? logged.now : 0;
}

/** Of the packets that connection tracking finds invalid it logs those that are broken or out of their window. */
function writtenByTracking(signals: Signals): number {
  if ((settingOf(signals, INVALID) ?? 0) === 0) return 0;
  const invalid = deltaOf(signals, "conntrack.invalid");
  if (signals.log === undefined) return invalid;
  const lines = signals.log.reduce((sum, { id, now }) => sum + (id === "out-of-window" ? now : 0), 0);
  // Lines may be about other namespaces; more than we found invalid are not ours.
  return Math.min(lines, invalid);
}

function evidence(signals: Signals, loggers: readonly Logger[], written: number, invalid: number): Evidence[] {
  const found: Evidence[] = [];
  const counted = loggers.reduce((sum, { packets }) => sum + (packets ?? 0), 0);
  if (counted > 0) found.push({ what: "packets met by rules that log without a limit", value: formatCount(counted) });
  if (written > 0) {
    const last = signals.log?.find(({ id }) => id === "rule-log")?.last ?? "";
    found.push({
      what: "lines of rules in the kernel's log",
      value: formatCount(written),
      meaning: last.slice(0, 160),
    });
  }
  if (invalid > 0) {
    found.push({
      what: `invalid packets in the kernel's log, with ${INVALID}=${signals.settings[INVALID]}`,
      value: formatCount(invalid),
      meaning: signals.log?.find(({ id }) => id === "out-of-window")?.last.slice(0, 160) ?? "some kinds are not logged",
    });
  }
  const suppressed = signals.log?.filter(({ id }) => id === "messages-suppressed") ?? [];
  const left = suppressed.reduce((sum, { now }) => sum + now, 0);
  if (left > 0) {
    found.push({
      what: "other messages left out of the log (callbacks suppressed)",
      value: formatCount(left),
      meaning: suppressed.map(({ of }) => of ?? "").join(", "),
    });
  }
  return found;
}

function rowOf({ id, text, packets }: Logger): string {
  const place = id.split("/").slice(0, -1).join(" ");
  return `${packets === undefined ? "not counted" : formatCount(packets)}  ${place}: ${text}`;
}

function stopInvalid(): Fix {
  return {
    text: "Do not log invalid packets; their number is in `conntrack -S` all the same",
    commands: [`sysctl -w ${INVALID}=0`],
    effect: "no line is written for them any more",
    risk: "none; to look at some of them, set it for a moment",
    safe: [{ kind: "sysctl", name: INVALID, value: "0" }],
  };
}

function limit(loggers: readonly Logger[]): Fix {
  return {
    text: "Put a limit on what these rules log, not on what else they do",
    commands: loggers.slice(0, ROWS).flatMap(limitLog),
    effect: "five lines a second at most, by each rule",
    risk: "packets over the limit leave no line; who needs all of them lets a program take them: `log group`, NFLOG",
  };
}
