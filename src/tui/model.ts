import { formatIpv4 } from "../address/ipv4.ts";
import { protocolName } from "../kernel/conntrack/protocol-name.ts";
import { changeOf, type Change, type Reading } from "../observe/counters/reading.ts";
import type { CounterSnapshot } from "../observe/counters/snapshot.ts";
import { CAUSES, type CauseId } from "../observe/drops/cause.ts";
import type { DropReport } from "../observe/drops/watch.ts";
import type { DestinationPorts, PortSupply } from "../observe/flows/port-use.ts";
import type { ProfileSummary } from "../observe/profile/summary.ts";
import type { SubscriberConnections } from "../observe/survey/subscriber-connections.ts";
import type { AddressPorts, SubscriberQuestion, SubscriberRows, SurveyReport } from "../observe/survey/survey.ts";
import type { AddressView, DropView, TopView, Unavailable } from "./view.ts";

/** The net rate is taken over so many milliseconds: less would jump, more would lag. */
const RATE_WINDOW = 10_000;
/** Drops are shown for so many reports after the last one of their cause. */
const DROP_MEMORY = 10;

type Counts = Pick<CounterSnapshot, "clock" | "readings" | "takenAt" | "missing">;

/** What the model knows; made by `begin` and by `observed`, never changed. */
export interface TopModel {
  readonly namespace: string | undefined;
  readonly interval: number;
  readonly supplies: readonly PortSupply[];
  /** Of the last seconds, the oldest first. */
  readonly counters: readonly Counts[];
  readonly survey: SurveyReport | Unavailable;
  /** When the survey came in, and when the next is due, by the snapshots' clock. */
  readonly surveyedAt: number;
  readonly nextSurveyAt: number;
  readonly question: Pick<SubscriberQuestion, "order" | "filter">;
  readonly rows: SubscriberRows;
  readonly drops:
    | Unavailable
    | { readonly causes: ReadonlyMap<CauseId, DropCount>; readonly limits: readonly string[] };
  readonly cpu: ProfileSummary | Unavailable;
  readonly subscriber: { readonly connections: SubscriberConnections | Unavailable; readonly at: number } | undefined;
}

interface DropCount {
  readonly packets: number;
  readonly perSecond: number;
  readonly quiet: number;
}

/** Something the model learns. */
export type Observation =
  | { readonly kind: "counters"; readonly counters: Counts }
  | { readonly kind: "survey"; readonly report: SurveyReport; readonly at: number; readonly nextAt: number }
  | { readonly kind: "survey-failed"; readonly why: string }
  | { readonly kind: "rows"; readonly question: TopModel["question"]; readonly rows: SubscriberRows | undefined }
  | {
      readonly kind: "drops";
      readonly report: Pick<DropReport, "seconds" | "causes">;
      readonly limits: readonly string[];
    }
  | { readonly kind: "no-drops"; readonly why: string }
  | { readonly kind: "cpu"; readonly summary: ProfileSummary }
  | { readonly kind: "no-cpu"; readonly why: string }
  | { readonly kind: "subscriber"; readonly connections: SubscriberConnections | Unavailable; readonly at: number }
  | { readonly kind: "no-subscriber" };

const WAITING: Unavailable = { unavailable: "not measured yet" };
const NO_ROWS: SubscriberRows = { rows: [], subscribers: 0, error: 0 };

/** The model before anything was observed. */
export function begin(
  setup: Pick<TopModel, "namespace" | "interval" | "supplies"> & Partial<Pick<TopModel, "question">>,
): TopModel {
  return {
    question: { order: "connections", filter: "" },
    ...setup,
    counters: [],
    survey: { unavailable: "the table is being read" },
    surveyedAt: 0,
    nextSurveyAt: 0,
    rows: NO_ROWS,
    drops: WAITING,
    cpu: WAITING,
    subscriber: undefined,
  };
}

/** The model after an observation. */
export function observed(model: TopModel, seen: Observation): TopModel {
  switch (seen.kind) {
    case "counters": {
      const kept = model.counters.filter(({ clock }) => clock >= seen.counters.clock - RATE_WINDOW);
      return { ...model, counters: [...kept, seen.counters] };
    }
    case "survey":
      return { ...model, survey: seen.report, rows: seen.report, surveyedAt: seen.at, nextSurveyAt: seen.nextAt };
    case "survey-failed":
      return { ...model, survey: { unavailable: seen.why }, rows: NO_ROWS };
    case "rows":
      return { ...model, question: seen.question, rows: seen.rows ?? model.rows };
    case "drops":
      return { ...model, drops: { causes: countDrops(model, seen.report), limits: seen.limits } };
    case "no-drops":
      return { ...model, drops: { unavailable: seen.why } };
    case "cpu":
      // Too few samples to speak of: the last ones still hold.
      return seen.summary.samples === 0 ? model : { ...model, cpu: seen.summary };
    case "no-cpu":
      return { ...model, cpu: { unavailable: seen.why } };
    case "subscriber":
      return { ...model, subscriber: { connections: seen.connections, at: seen.at } };
    case "no-subscriber":
      return { ...model, subscriber: undefined };
  }
}

function countDrops(model: TopModel, report: Pick<DropReport, "seconds" | "causes">): ReadonlyMap<CauseId, DropCount> {
  const causes = new Map<CauseId, DropCount>();
  const before = "unavailable" in model.drops ? new Map<CauseId, DropCount>() : model.drops.causes;
  for (const [cause, { packets, quiet }] of before) {
    if (quiet < DROP_MEMORY) causes.set(cause, { packets, perSecond: 0, quiet: quiet + 1 });
  }
  for (const { cause, packets } of report.causes) {
    const earlier = before.get(cause)?.packets ?? 0;
    const perSecond = report.seconds > 0 ? packets / report.seconds : 0;
    causes.set(cause, { packets: earlier + packets, perSecond, quiet: 0 });
  }
  return causes;
}

/** What is to be shown at a moment of the snapshots' clock. */
export function viewOf(model: TopModel, now: number): TopView {
  const { counters, survey, rows, question, subscriber } = model;
  const newest = counters.at(-1);
  const value = (name: string): number | undefined => newest?.readings[`conntrack.${name}`]?.value;
  const [connections, max] = [value("count"), value("max")];
  const net = change(model, "count")?.perSecond;
  const fresh = "unavailable" in survey ? undefined : survey.newPerSecond;
  const cut = (at: number): number => Math.max(0, (now - at) / 1000);
  return {
    takenAt: newest?.takenAt ?? "",
    namespace: model.namespace,
    interval: model.interval,
    table: {
      connections,
      max,
      share: connections === undefined || !max ? undefined : connections / max,
      buckets: value("buckets"),
      meanChain: value("meanChain"),
      netPerSecond: net,
      secondsToFull:
        net === undefined || net <= 0 || connections === undefined || !max
          ? undefined
          : Math.max(0, max - connections) / net,
    },
    missing: (newest?.missing ?? []).map(({ what, why, remedy }) => `${what}: ${why}; ${remedy}`),
    rates: {
      new: fresh,
      destroyed: fresh === undefined ? undefined : destroyed(survey, fresh),
      insertFailed: change(model, "insertFailed")?.perSecond,
      drop: change(model, "drop")?.perSecond,
      earlyDrop: change(model, "earlyDrop")?.perSecond,
    },
    survey:
      "unavailable" in survey
        ? survey
        : {
            age: cut(model.surveyedAt),
            seconds: survey.scan.seconds,
            interval: (model.nextSurveyAt - model.surveyedAt) / 1000 + survey.scan.seconds,
            entries: survey.scan.entries,
            consistent: !survey.scan.interrupted && !survey.scan.resized,
          },
    addresses: "unavailable" in survey ? [] : addressViews(model.supplies, survey.addresses),
    subscribers: {
      ...question,
      total: rows.subscribers,
      error: rows.error,
      rows: rows.rows.map((row) => ({
        ...row,
        share: "unavailable" in survey || survey.scan.entries === 0 ? 0 : row.connections / survey.scan.entries,
      })),
    },
    drops:
      "unavailable" in model.drops
        ? model.drops
        : { causes: dropViews(model.drops.causes), limits: model.drops.limits },
    cpu: "unavailable" in model.cpu ? model.cpu : cpuView(model.cpu),
    ...(subscriber === undefined
      ? {}
      : {
          subscriber:
            "unavailable" in subscriber.connections
              ? subscriber.connections
              : { ...subscriber.connections, age: cut(subscriber.at) },
        }),
  };
}

/** What became of a reading over the window. */
function change({ counters }: TopModel, name: string): Change | undefined {
  const [first, last] = [counters[0], counters.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const [before, after]: (Reading | undefined)[] = [first, last].map(({ readings }) => readings[`conntrack.${name}`]);
  return after === undefined ? undefined : changeOf(before, after, (last.clock - first.clock) / 1000);
}

/** Over the same time as what is new: what came and is not there any more. */
function destroyed(survey: SurveyReport | Unavailable, fresh: number): number | undefined {
  if ("unavailable" in survey || survey.seconds === undefined || survey.grown === undefined) return undefined;
  return Math.max(0, fresh - survey.grown / survey.seconds);
}

/** Fullest first; addresses of the plan that nothing uses come last. */
function addressViews(supplies: readonly PortSupply[], used: readonly AddressPorts[]): AddressView[] {
  const known = new Set(used.map(({ address }) => address));
  const idle = supplies.filter(({ address }) => !known.has(address));
  return [
    ...used
      .toSorted((a, b) => (b.fullest?.occupancy ?? 0) - (a.fullest?.occupancy ?? 0) || b.connections - a.connections)
      .map(({ address, connections, fullest }) => ({
        address: formatIpv4(address),
        connections,
        fullest: fullest === undefined ? undefined : fullestView(fullest),
      })),
    ...idle.map(({ address }) => ({ address: formatIpv4(address), connections: 0, fullest: undefined })),
  ];
}

function fullestView(use: DestinationPorts): AddressView["fullest"] {
  const { used, ports, occupancy, refusalChance, destinationPort } = use;
  return {
    protocol: protocolName(use.protocol),
    destination: formatIpv4(use.destination),
    destinationPort,
    used,
    ports,
    occupancy,
    refusalChance,
  };
}

function dropViews(causes: ReadonlyMap<CauseId, DropCount>): DropView[] {
  return Array.from(causes, ([cause, { packets, perSecond }]) => ({
    cause,
    title: CAUSES[cause].title,
    perSecond,
    packets,
  })).toSorted((a, b) => b.perSecond - a.perSecond || b.packets - a.packets);
}

function cpuView({ samples, idle, nat, parts }: ProfileSummary): TopView["cpu"] {
  return {
    nat: nat.share,
    busy: samples === 0 ? 0 : (samples - idle) / samples,
    parts: parts.map(({ id, name, share }) => ({ id, title: name, share })),
  };
}
