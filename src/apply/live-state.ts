import type {
  AddressSetting,
  DesiredState,
  PolicyRuleSetting,
  ProxyNeighbourSetting,
} from "../render/desired-state.ts";
import type { Live, LiveLink, LiveRoute } from "./live.ts";
import { listedRuleset, readTableListing, recordedRuleset, type LiveRuleset } from "./live-ruleset.ts";
import type { ApplyRecord, Owned } from "./record.ts";
import { alongsideNames } from "./sysctl-alongside.ts";

/** Everything apply compares with, read at one moment. */
export interface LiveState {
  readonly isHost: boolean;
  readonly links: readonly LiveLink[];
  readonly addresses: readonly AddressSetting[];
  readonly routes: readonly LiveRoute[];
  readonly policyRules: readonly PolicyRuleSetting[];
  readonly proxyNeighbours: readonly ProxyNeighbourSetting[];
  /** Only those asked for; one the kernel lacks is absent. */
  readonly sysctls: ReadonlyMap<string, LiveSysctl>;
  readonly table: LiveTable;
  /** The nftables generation `table` was read at; undefined if it changed while we read. */
  readonly generation: number | undefined;
}

/** Our table: not there, there but nothing of it recorded, or known. */
export type LiveTable =
  | { readonly kind: "absent" }
  | { readonly kind: "unrecorded" }
  | { readonly kind: "known"; readonly ruleset: LiveRuleset };

/** One kernel setting as it is. */
export interface LiveSysctl {
  readonly value: string;
  readonly writable: boolean;
}

/** Reads what a desired state (if any) and what is owned need to be compared with. */
export function readLiveState(
  live: Live,
  desired: Pick<DesiredState, "sysctls" | "routes"> | undefined,
  record: ApplyRecord | undefined,
  owned: Owned,
): LiveState {
  const tables = new Set([...(desired?.routes ?? []), ...owned.routes].map(({ table }) => table));
  const links = live.links();
  const names = new Set<string>();
  for (const { name } of [...(desired?.sysctls ?? []), ...owned.sysctls]) {
    names.add(name);
    for (const other of alongsideNames(name, links)) names.add(other);
  }
  const sysctls = new Map<string, LiveSysctl>();
  for (const name of names) {
    const value = live.readSysctl(name);
    if (value !== undefined) sysctls.set(name, { value, writable: live.isSysctlWritable(name) });
  }
  const generation = live.generation();
  const table = readLiveTable(live, record);
  return {
    isHost: live.isHost(),
    links,
    addresses: live.addresses(),
    routes: [...tables].flatMap((table) => live.routes(table)),
    policyRules: live.policyRules(),
    proxyNeighbours: live.proxyNeighbours(),
    sysctls,
    table,
    generation: live.generation() === generation ? generation : undefined,
  };
}

/**
 * Our table. The record is believed while the nftables generation is the one it saw: listing 100,000 elements takes
 * seconds, asking for the generation microseconds.
 */
export function readLiveTable(live: Live, record: ApplyRecord | undefined): LiveTable {
  const rules = record?.rules;
  const comment = live.tableComment();
  if (rules === undefined) {
    // Nothing to compare chains with: it will be made anew, which is quicker than listing it and as safe.
    return { kind: comment !== undefined || live.listTable(true) !== undefined ? "unrecorded" : "absent" };
  }
  if (comment === rules.tableComment && isRecordCurrent(live, record)) {
    return { kind: "known", ruleset: recordedRuleset(rules) };
  }
  const objects = live.listTable(false);
  if (objects === undefined) return { kind: "absent" };
  return { kind: "known", ruleset: listedRuleset(readTableListing(objects), rules) };
}

/** Says whether no nftables transaction happened in the namespace since the record. */
export function isRecordCurrent(live: Live, record: ApplyRecord | undefined): boolean {
  const generation = record?.rules?.generation;
  return generation !== undefined && generation === live.generation();
}
