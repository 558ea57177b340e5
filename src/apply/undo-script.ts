import type { Ruleset } from "../render/desired-state.ts";
import type { Live } from "./live.ts";
import { knownChain } from "./live-ruleset.ts";
import type { LiveTable } from "./live-state.ts";
import { rulesetDifference } from "./ruleset-difference.ts";
import { rulesetScript } from "./ruleset-script.ts";

/**
 * The nft text that would bring our table back after the desired one was sent. What is on record goes back as it was
 * sent, by difference; what others had changed is kept as nft prints it now, because its text is known to nobody else.
 */
export function undoScript(live: Live, table: LiveTable, desired: Ruleset): string {
  const name = `${desired.family} ${desired.table}`;
  if (table.kind === "absent") return `delete table ${name}\n`;
  if (table.kind === "unrecorded" || table.ruleset.listed) return `delete table ${name}\n${live.tableText()}`;
  const old: Ruleset = {
    ...desired,
    counters: table.ruleset.counters.map((name) => ({ name, about: "as before" })),
    sets: table.ruleset.sets,
    chains: table.ruleset.chains.map(({ name, rules = [], hook }) => ({ name, rules, ...(hook ? { hook } : {}) })),
  };
  const then: LiveTable = {
    kind: "known",
    ruleset: {
      counters: desired.counters.map(({ name }) => name),
      sets: desired.sets,
      chains: desired.chains.map(knownChain),
      listed: false,
    },
  };
  return rulesetScript(rulesetDifference(then, old), old);
}
