import type { Ruleset } from "../render/desired-state.ts";
import type { Live } from "./live.ts";
import { readTableListing } from "./live-ruleset.ts";
import type { RecordedRuleset } from "./record.ts";
import type { Situation } from "./situation.ts";

/** The rules on record when none were sent, with the generation they were just found unchanged at. */
export function keptRules({ record, state }: Situation, desired: Ruleset): RecordedRuleset | undefined {
  if (record?.rules === undefined) return undefined;
  const { tableComment, listing } = record.rules;
  return { ruleset: desired, tableComment, listing, ...generationField(state.generation) };
}

/** The rules just sent, with nft's listing of them to compare with later; `before` is the generation before sending. */
export function sentRules(live: Live, ruleset: Ruleset, before: number): RecordedRuleset {
  const { chains } = readTableListing(live.listTable(true) ?? []);
  const tableComment = live.tableComment() ?? "";
  // One transaction of ours and none of others: only then is what was sent what is there.
  const after = live.generation();
  return { ruleset, tableComment, listing: chains, ...generationField(after === before + 1 ? after : undefined) };
}

function generationField(generation: number | undefined): { generation?: number } {
  return generation === undefined ? {} : { generation };
}
