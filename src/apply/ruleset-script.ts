import type { Ruleset } from "../render/desired-state.ts";
import {
  addElements,
  addToTable,
  deleteChain,
  deleteCounter,
  deleteElements,
  deleteSet,
  replaceRuleset,
  writeChain,
  writeCounter,
  writeRuleset,
  writeSet,
} from "../render/nft-text.ts";
import type { RulesetDifference } from "./ruleset-difference.ts";

/**
 * The nft text that carries the difference out: one transaction, empty when there is nothing to do.
 * The order matters: rules go before the sets, counters and chains they name, and come back after them.
 */
export function rulesetScript(difference: RulesetDifference, desired: Ruleset): string {
  const table = `${desired.family} ${desired.table}`;
  if (difference.table === "delete") return `delete table ${table}\n`;
  if (difference.table === "create") return writeRuleset(desired);
  if (difference.table === "recreate") return replaceRuleset(desired);
  const { counters, sets, chains } = difference;
  const going = <T extends { readonly action: string }>(list: readonly T[]): T[] =>
    list.filter(({ action }) => action === "recreate" || action === "delete");
  const parts = [
    ...counters.flatMap(({ counter }) => (counter === undefined ? [] : [writeCounter(counter)])),
    ...sets.flatMap(({ action, set }) => (action === "elements" || set === undefined ? [] : [writeSet(set)])),
    ...chains.flatMap(({ chain }) => (chain === undefined ? [] : [writeChain(chain)])),
  ];
  return [
    ...chains.filter(({ action }) => action !== "add").map(({ name }) => `flush chain ${table} ${name}\n`),
    ...sets.map((set) => deleteElements(set, set.removed)),
    ...going(sets).map(({ name, wasMap }) => deleteSet(wasMap ? { name, data: "" } : { name })),
    ...going(counters).map(({ name }) => deleteCounter(name)),
    ...going(chains).map(({ name }) => deleteChain(name)),
    parts.length === 0 ? "" : addToTable(parts),
    ...sets.map((set) => addElements(set, set.added)),
  ].join("");
}
