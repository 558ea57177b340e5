import type {
  AddressSetting,
  DesiredState,
  PolicyRuleSetting,
  ProxyNeighbourSetting,
  TrafficClass,
} from "../render/desired-state.ts";
import { QUEUE_HANDLE } from "../render/limits/shaping.ts";
import type { Live, LiveLink, LiveQueue, LiveRoute, Session } from "./live.ts";
import { listedRuleset, readTableListing, recordedRuleset, type LiveRuleset } from "./live-ruleset.ts";
import { MAIN_TABLE } from "../render/reach.ts";
import { isPreferredTable } from "../render/uplinks/tables.ts";
import { interfaceIn } from "./possible-part.ts";
import type { ApplyRecord, Owned } from "./record.ts";
import { alongsideNames } from "./sysctl-alongside.ts";

/** Everything apply compares with, read at one moment. */
export interface LiveState {
  readonly isHost: boolean;
  /** Kinds of interfaces and queues the kernel cannot make, of those that would have to be made. */
  readonly cannotMake: readonly ("bond" | "vlan" | "htb")[];
  readonly sessions: readonly Session[];
  readonly links: readonly LiveLink[];
  readonly addresses: readonly AddressSetting[];
  readonly routes: readonly LiveRoute[];
  readonly policyRules: readonly PolicyRuleSetting[];
  /** Preferred tables of uplinks that are out of use. */
  readonly withdrawn: readonly number[];
  readonly proxyNeighbours: readonly ProxyNeighbourSetting[];
  readonly queues: readonly LiveQueue[];
  /** Of each interface that has a queue of ours. */
  readonly classes: ReadonlyMap<string, readonly TrafficClass[]>;
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
  desired: Pick<DesiredState, "sysctls" | "routes" | "links" | "shaping"> | undefined,
  record: ApplyRecord | undefined,
  owned: Owned,
): LiveState {
  const tables = new Set([...(desired?.routes ?? []), ...owned.routes].map(({ table }) => table));
  // What a member of a bond loses must be known, and how those who work here are reached.
  const sessions = live.sessions();
  if (sessions.length > 0 || desired?.links.some(({ bond }) => bond !== undefined) === true) tables.add(MAIN_TABLE);
  const links = live.links();
  const names = new Set<string>();
  for (const { name } of [...(desired?.sysctls ?? []), ...owned.sysctls]) {
    names.add(name);
    for (const other of alongsideNames(name, links)) names.add(other);
  }
  const there = new Set(links.map(({ name }) => name));
  const sysctls = new Map<string, LiveSysctl>();
  for (const name of names) {
    const device = interfaceIn(name);
    // A new interface begins with the values of `default`.
    const isNew = device !== undefined && !there.has(device) && !["all", "default"].includes(device);
    const asked = desired?.links.some((link) => link.interface === device && (link.bond ?? link.vlan) !== undefined);
    const from = isNew && asked === true ? name.replace(/^(net\.ipv4\.\w+\.)[^.]+/, "$1default") : name;
    const value = live.readSysctl(from);
    if (value !== undefined) sysctls.set(name, { value, writable: live.isSysctlWritable(from) });
  }
  const queues = live.queues();
  const ours = queues.filter(({ handle }) => handle === QUEUE_HANDLE).map((queue) => queue.interface);
  const needsQueue = desired?.shaping.some((setting) => !ours.includes(setting.interface)) === true;
  const generation = live.generation();
  const table = readLiveTable(live, record);
  return {
    isHost: live.isHost(),
    cannotMake: [
      ...(["bond", "vlan"] as const).filter(
        (kind) =>
          desired?.links.some((link) => link[kind] !== undefined && !there.has(link.interface)) === true &&
          !live.canMake(kind),
      ),
      ...(needsQueue && !live.canMake("htb") ? ["htb" as const] : []),
    ],
    sessions,
    links,
    addresses: live.addresses(),
    routes: [...tables].flatMap((table) => live.routes(table)),
    policyRules: live.policyRules(),
    withdrawn: [...tables].filter((table) => isPreferredTable(table) && live.isWithdrawn(table)),
    proxyNeighbours: live.proxyNeighbours(),
    queues,
    classes: new Map(ours.map((device) => [device, live.classes(device)])),
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
