import type { FailureMode } from "../failure-mode.ts";
import type { Fix } from "../finding.ts";
import { formatCount, formatPercent } from "../figures.ts";
import { flowWords } from "../flow-words.ts";
import { deltaOf, type Signals } from "../signals.ts";
import type { StrayAnswer, ZoneSignal } from "../signals/table.ts";

/** An entry in another zone may be a connection of its own; some are no accident. */
const ENOUGH = 3;
/** Connections of a zone, and the part of them without an answer, that make it a zone nobody answers to. */
const SILENT_CONNECTIONS = 10;
const SILENT = 0.9;
/** Answers that find no connection in their zone are invalid: as many a second as this. */
const INVALID_PER_SECOND = 5;

/** Answers are looked up in another zone of connection tracking than the one their connection is in. */
export const mode: FailureMode = {
  id: "zones",
  title: "Answers are looked up in another conntrack zone than their connection",
  severity: "loss",
  why: "Connections of different zones know nothing of each other: an answer that comes in by another zone belongs to no connection, so that its translation is not undone and it never reaches who asked.",
  needs: ["table"],
  examine: (signals) => {
    const { table } = signals;
    if (table === undefined || (table.zones.length < 2 && table.zones[0]?.key === "0")) return [];
    const strays = table.strayAnswers ?? [];
    const silent = silentZone(signals);
    if (strays.length < ENOUGH && silent === undefined) return [];
    const zone = strays[0]?.flow.zone ?? Number(silent?.key);
    const other = strays[0]?.answer.zone;
    const evidence = table.zones.map(({ key, count, unreplied }) => ({
      what: `connections in zone ${key}`,
      value: formatCount(count),
      ...(unreplied === undefined ? {} : { meaning: `${formatPercent(unreplied / count)} of them without an answer` }),
    }));
    if (strays.length > 0) {
      evidence.push({
        what: "answers found as connections of their own in another zone",
        value: formatCount(strays.length),
        meaning: "of some that were looked for",
      });
    } else {
      evidence.push({
        what: "packets that belong to no connection (invalid)",
        value: formatCount(deltaOf(signals, "conntrack.invalid")),
        meaning: "an answer in the wrong zone is one",
      });
    }
    const words = other === undefined ? "no answer finds them" : `their answers are looked up in zone ${other}`;
    return [
      {
        subject: `zone ${zone}`,
        summary: `Connections are in zone ${zone}; ${words}`,
        evidence,
        ...(strays.length === 0 ? {} : { top: { title: "Some of them", rows: strays.slice(0, 5).map(strayWords) } }),
        fixes: [sameZone(zone, other)],
      },
    ];
  },
};

function silentZone(signals: Signals): ZoneSignal | undefined {
  const { table, seconds } = signals;
  if (table === undefined || deltaOf(signals, "conntrack.invalid") < INVALID_PER_SECOND * seconds) return undefined;
  return table.zones.find(
    ({ key, count, unreplied = 0 }) => key !== "0" && count >= SILENT_CONNECTIONS && unreplied >= count * SILENT,
  );
}

function strayWords({ flow, answer }: StrayAnswer): string {
  return `zone ${flow.zone}: ${flowWords(flow)}; in zone ${answer.zone} as a connection of its own`;
}

function sameZone(zone: number, other: number | undefined): Fix {
  return {
    text: "Give both directions the same zone",
    commands: [
      "nft -a list ruleset | grep 'ct .*zone set'; iptables-save -t raw | grep -- --zone",
      `# the rule that sets zone ${zone} must also fit what comes in from outside, or set the original direction only:`,
      `# ct original zone set ${zone}`,
    ],
    effect:
      other === undefined
        ? "answers find their connection"
        : `answers are looked up in zone ${zone} in place of zone ${other}, and find their connection`,
    risk: "connections that are open now begin anew in the other zone",
  };
}
