import type { Change, Reading } from "../observe/counters/reading.ts";
import type { CounterChanges, CounterSnapshot } from "../observe/counters/snapshot.ts";
import { wordsOf } from "../observe/counters/words.ts";
import type { Output } from "./output.ts";
import { hang, table } from "./text-layout.ts";

const WIDTH = 120;

const HEADINGS: Readonly<Record<string, string>> = {
  conntrack: "Connection tracking",
  expectation: "Expected connections",
  Ip: "IPv4",
  route: "Routing",
  softnet: "CPUs taking packets in",
  interface: "Interfaces",
  queue: "Queues out",
  neighbour: "Neighbours",
  fragment: "Fragments",
  cpu: "Time of the CPUs",
  driver: "What drivers count",
  listener: "Listeners to connection events",
  rule: "Rules",
};

/** Which groups of names stand under one heading. */
const TOGETHER: Readonly<Record<string, string>> = {
  IpExt: "Ip",
  TcpExt: "Ip",
  Tcp: "Ip",
  Udp: "Ip",
  Icmp: "Ip",
  counter: "rule",
  set: "rule",
  map: "rule",
  element: "rule",
};

/** What to print. */
export interface StatsView {
  readonly after: CounterSnapshot;
  /** Absent if only one sample was taken. */
  readonly changes: CounterChanges | undefined;
  /** Also counters that are 0. */
  readonly all: boolean;
  /** Also each CPU's share. */
  readonly cpus: boolean;
}

/** Counters as a table for people, one section for each group. */
export function statsText(view: StatsView, paint: Output["paint"]): string {
  const { after, changes } = view;
  const lines = [
    changes === undefined ? after.takenAt : `${after.takenAt}, changes over ${changes.seconds.toFixed(1)} s`,
    ...tableLine(after),
  ];
  const sections = new Map<string, string[][]>();
  for (const [name, reading] of Object.entries(after.readings)) {
    const change = changes?.changes[name];
    if (!view.all && reading.value === 0 && !change?.delta) continue;
    const group = name.slice(0, name.indexOf("."));
    const section = TOGETHER[group] ?? group;
    const rows = sections.get(section) ?? [];
    sections.set(section, rows);
    rows.push(row(name, reading, change, after));
    if (view.cpus) rows.push(...cpuRows(reading));
  }
  for (const [section, rows] of sections) {
    const host = rows.length > 0 && rows.every(([name = ""]) => name === "" || wordsOf(name)?.host === true);
    lines.push("", paint("heading", (HEADINGS[section] ?? section) + (host ? " (the whole host's)" : "")));
    lines.push(
      ...table(rows, ["left", "right", "right", "right", "left"], WIDTH).map((line) => paintLoss(line, paint)),
    );
  }
  if (after.missing.length > 0) {
    lines.push("", paint("heading", "Not seen"));
    for (const { what, why, remedy } of after.missing) lines.push(...hang(`  ${what}: `, `${why}; ${remedy}`, WIDTH));
  }
  return lines.join("\n");
}

function tableLine({ readings }: CounterSnapshot): string[] {
  const count = readings["conntrack.count"]?.value;
  const max = readings["conntrack.max"]?.value;
  if (count === undefined || max === undefined || max === 0) return [];
  return [`${grouped(count)} of ${grouped(max)} connections (${((100 * count) / max).toFixed(1)} %)`];
}

function row(name: string, reading: Reading, change: Change | undefined, { texts }: CounterSnapshot): string[] {
  const known = wordsOf(name);
  const text = texts[name.slice(0, name.lastIndexOf("."))];
  const meaning = [known?.words ?? "", text ?? ""].filter((part) => part !== "").join(": ");
  return [name, grouped(reading.value), deltaText(change), rateText(change, reading), mark(name, change) + meaning];
}

function mark(name: string, change: Change | undefined): string {
  return wordsOf(name)?.tells === "loss" && (change?.delta ?? 0) > 0 ? "! " : "";
}

function paintLoss(line: string, paint: Output["paint"]): string {
  return / {2}! /.test(line) ? paint("bad", line) : line;
}

function cpuRows({ cpus }: Reading): string[][] {
  return Object.entries(cpus ?? {}).map(([cpu, value]) => ["", grouped(value), "", "", `CPU ${cpu}`]);
}

function deltaText(change: Change | undefined): string {
  const delta = change?.delta;
  if (delta === undefined || delta === 0) return "";
  return `${delta > 0 ? "+" : "-"}${grouped(Math.abs(delta))}`;
}

function rateText(change: Change | undefined, { kind }: Reading): string {
  const rate = change?.perSecond;
  if (rate === undefined || rate === 0 || kind === "gauge") return "";
  return `${rate >= 100 ? grouped(Math.round(rate)) : rate.toFixed(1)}/s`;
}

/** A number with commas between thousands; levels may have decimals. */
function grouped(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}

/** The object that --json prints. */
export function statsJson(
  before: CounterSnapshot | undefined,
  after: CounterSnapshot,
  changes: CounterChanges | undefined,
): object {
  const counters = Object.entries(after.readings).map(([name, { kind, bits, value, cpus }]) => {
    const known = wordsOf(name);
    const text = after.texts[name.slice(0, name.lastIndexOf("."))];
    const counter = {
      kind,
      bits,
      value,
      before: before?.readings[name]?.value,
      delta: changes?.changes[name]?.delta,
      perSecond: changes?.changes[name]?.perSecond,
      cpus,
      scope: known?.host === true ? "host" : "namespace",
      tells: known?.tells,
      words: known?.words,
      text,
    };
    return [name, counter] as const;
  });
  return {
    takenAt: after.takenAt,
    seconds: changes?.seconds,
    hostNamespace: after.hostNamespace,
    counters: Object.fromEntries(counters),
    missing: after.missing,
  };
}
