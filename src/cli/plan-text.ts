import { formatIpv4 } from "../address/ipv4.ts";
import { formatIpv4Prefix } from "../address/ipv4-prefix.ts";
import { addressAt, formatIpv4Range, mergeRanges, type Ipv4Range } from "../address/ipv4-range.ts";
import { formatPortRange } from "../address/port-range.ts";
import type { FilePath, Problem } from "../config/problem.ts";
import type { LocatedProblem } from "../config/source/located-problem.ts";
import { formatBytes, formatCount, formatNoun, formatSeconds, formatShare } from "../plan/figures.ts";
import type { CardsProposals } from "../plan/cards/proposal.ts";
import type { Plan, PortBlocks, SourcePlan, SysctlProposal, TimeoutPlan } from "../plan/plan.ts";
import { blockCapacity, blockCount, blockRange } from "../plan/port-blocks.ts";
import { limitLines } from "./limits-text.ts";
import type { Style } from "./output.ts";
import { uplinkPlanLines } from "./uplinks-plan-text.ts";
import { hang, table, type Align } from "./text-layout.ts";
import { cardLines } from "./tune-text.ts";

/** How a plan is written. */
export interface PlanTextOptions {
  /** Columns of the terminal; 80 if not said, never taken as fewer. */
  readonly width?: number;
  readonly paint?: (style: Style, text: string) => string;
  /** The plan's problems with their places in the file; without them they name keys only. */
  readonly problems?: readonly LocatedProblem[];
  /** How the cards of the file that are here should be set. */
  readonly cards?: CardsProposals | undefined;
  /** Leaves the paper's figures out. */
  readonly withoutPaper?: boolean;
}

const MOVED_SHOWN = 5;
const RANGES_SHOWN = 3;
const FIGURE: readonly Align[] = ["left", "right", "left"];

/** The plan for people: figures first, what is wrong last, and the verdict in the last line. */
export function planText(plan: Plan, options: PlanTextOptions = {}): string {
  const width = Math.max(80, options.width ?? 80);
  const paint = options.paint ?? ((_style: Style, text: string): string => text);
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [paint("heading", title), ...lines, ""];
  return [
    ...plan.sources.flatMap((source) => section(sourceTitle(source), sourceLines(plan, source, width))),
    ...section("Port forwards", forwardLines(plan, width)),
    ...section("Static NAT", staticLines(plan, width)),
    ...section("Twice NAT", twiceLines(plan, width)),
    ...section("Connection table", tableLines(plan, width)),
    ...section("Limits", limitLines(plan, width)),
    ...section("Uplinks", uplinkPlanLines(plan.uplinks, width)),
    ...section("Timeouts", timeoutLines(plan, width)),
    ...section("Kernel settings to change", settingLines(plan, width)),
    ...section("Network cards", options.cards === undefined ? [] : cardLines(options.cards, width)),
    ...(options.withoutPaper === true
      ? []
      : section("Beside the paper of 2016 (kernel 2.6.32)", paperLines(plan, width))),
    ...(options.problems ?? plan.problems).flatMap((problem) => [...problemLines(problem, width, paint), ""]),
    verdict(plan, paint),
    "",
  ].join("\n");
}

function sourceTitle({ rule }: SourcePlan): string {
  return `Source NAT ${rule.name}, out by link ${rule.out}`;
}

function sourceLines(plan: Plan, source: SourcePlan, width: number): string[] {
  const rows = [["subscribers", formatCount(source.subscriberCount), describeRanges(source.subscribers)]];
  if (source.rule.to.kind === "masquerade") {
    const kept = source.masqueradePorts === undefined ? "" : `, ports ${formatPortRange(source.masqueradePorts)}`;
    rows.push(["public address", "1", `whatever the link has (masquerade)${kept}`]);
  } else {
    const each = source.addresses.map(({ address }) => ({ first: address, last: address }));
    const ports = [...new Set(source.addresses.map((address) => formatPortRange(address.ports)))];
    const which = ports.length === 1 ? `, ports ${ports[0] ?? ""}` : ", ports that no forward takes";
    rows.push(["public addresses", formatCount(each.length), describeRanges(mergeRanges(each)) + which]);
  }
  rows.push(...(source.blocks === undefined ? sharedRows(plan, source) : blockRows(source.blocks)));
  const one = "at once to one destination address and port";
  rows.push(["translations", formatCount(source.translationsPerDestination), one]);
  return table(rows, FIGURE, width);
}

function blockRows(blocks: PortBlocks): string[][] {
  const given = Math.min(blocks.subscriberCount, blockCapacity(blocks));
  const spare = blockCapacity(blocks) - given;
  const listening = blocks.reserved.length === 0 ? "" : `, ${formatCount(blocks.reserved.length)} reserved`;
  const perAddress = formatNoun(blocks.blocksPerAddress, "subscriber");
  const rows = [
    ["ports each", formatCount(blocks.size), `a subscriber's own; ${perAddress} an address`],
    [
      "port blocks",
      formatCount(blockCount(blocks)),
      `${formatCount(given)} given${listening}, ${formatCount(spare)} spare`,
    ],
  ];
  if (blocks.displaced.length > 0) {
    const moved = blocks.displaced.slice(0, MOVED_SHOWN).map(([index, block]) => {
      const { address, ports } = blockRange(blocks, block);
      const subscriber = addressAt(blocks.subscribers, index);
      return `${subscriber === undefined ? "?" : formatIpv4(subscriber)} has ${formatIpv4(address)}:${formatPortRange(ports)}`;
    });
    const more = blocks.displaced.length > MOVED_SHOWN ? ", ..." : "";
    rows.push(["moved by forwards", formatCount(blocks.displaced.length), moved.join(", ") + more]);
  }
  return rows;
}

function sharedRows(plan: Plan, source: SourcePlan): string[][] {
  const exhaustion = plan.exhaustion.find(({ rule }) => rule === source.rule.name);
  if (exhaustion === undefined) return [];
  const mean = formatCount(Math.round(exhaustion.meanAddressSubscribers));
  const most = formatCount(Math.round(exhaustion.busiestAddressSubscribers));
  const rows = source.addresses.length > 1 ? [["per address", mean, `subscribers on average, ${most} at most`]] : [];
  for (const [i, load] of exhaustion.loads.entries()) {
    const share = i === 0 ? `${formatShare(load.share)} of them (assumed) are` : "all of them were";
    const ports = `${formatShare(load.occupancy)} of its ports${load.occupancy > 1 ? ", too many" : ""}`;
    rows.push([
      "refused",
      formatShare(load.refusalChance),
      `of new connections, if ${share} to one destination: ${ports}`,
    ]);
  }
  return rows;
}

function forwardLines({ gateway }: Plan, width: number): string[] {
  const rows = gateway.portForwards.map(({ name, protocol, listen, to }) => [
    name,
    `${formatIpv4(listen.address)}:${formatPortRange(listen.ports)}/${protocol}`,
    `to ${formatIpv4(to.address)}:${formatPortRange(to.ports)}`,
  ]);
  return table(rows, ["left", "left", "left"], width);
}

function staticLines({ gateway }: Plan, width: number): string[] {
  const rows = gateway.staticNat.map((rule) => [
    rule.name,
    formatIpv4Range(rule.public),
    `is ${formatIpv4Range(rule.private)}, both ways, by link ${rule.out}`,
  ]);
  return table(rows, ["left", "left", "left"], width);
}

function twiceLines({ gateway }: Plan, width: number): string[] {
  const rows = gateway.twiceNat.flatMap((rule) =>
    ([rule.inside, rule.outside] as const).map((side, i) => [
      i === 0 ? rule.name : "",
      `${formatIpv4Prefix(side.hosts)} on ${side.link}`,
      `is seen as ${formatIpv4Prefix(side.seenAs)} by the other side`,
    ]),
  );
  return table(rows, ["left", "left", "left"], width);
}

function nowOnHost(value: number | undefined): string {
  return value === undefined ? "" : `; the host has ${formatCount(value)} now`;
}

function tableLines(plan: Plan, width: number): string[] {
  const { table: t, rates, neighbours } = plan;
  const perSubscriber = formatCount(plan.gateway.capacity.connectionsPerSubscriber);
  const needed = t.max > t.required ? `${formatCount(t.required)} needed` : "a quarter more";
  const reasons = t.extensions.length > 0 ? t.extensions.join("; ") : "once something listens to connection events";
  const source = rates.from === "file" ? "by the file" : "assumed";
  const rows = [
    ["connections", formatCount(t.expectedConnections), `${formatCount(t.subscribers)} subscribers x ${perSubscriber}`],
    ["entries", formatCount(t.max), `${needed}${nowOnHost(t.limitNow)}`],
    ["buckets", formatCount(t.buckets), `chains of ${t.meanChain.toFixed(1)}${nowOnHost(t.bucketsNow)}`],
    [
      "memory, full",
      formatBytes(t.memoryBytes),
      `${formatShare(t.memoryBytes / t.hostMemoryBytes)} of ${formatBytes(t.hostMemoryBytes)}; ${t.bytesPerConnection} bytes an entry, and hashes`,
    ],
    [
      "with extensions",
      formatBytes(t.memoryBytesWithExtensions),
      `${formatShare(t.memoryBytesWithExtensions / t.hostMemoryBytes)}; ${t.bytesPerConnectionWithExtensions} bytes an entry: ${reasons}`,
    ],
    [
      "slots by source",
      formatCount(t.bysourceBuckets),
      `of the NAT, fixed at boot${t.bysourceAssumed ? " (assumed)" : ""}; chains of ${t.bysourceMeanChain.toFixed(1)}`,
    ],
    [
      "new each second",
      formatCount(rates.newConnectionsPerSecond),
      `${source}; ${formatSeconds(rates.meanSeconds)} each (assumed): ${formatCount(rates.entries)} entries`,
    ],
  ];
  if (neighbours.hosts > 0) {
    const where = neighbours.links.map((link) => `${formatCount(link.hosts)} on ${link.link}`).join(", ");
    rows.push(["neighbours", formatCount(neighbours.hosts), `${where}: each needs an ARP entry`]);
  }
  return table(rows, FIGURE, width);
}

function timeoutLines(plan: Plan, width: number): string[] {
  const shown = plan.timeouts.filter(
    (t) => t.rfcMinimum !== undefined || (t.now !== undefined && t.now !== t.proposed),
  );
  const priced = shown.some((t) => (t.entriesSaved ?? 0) !== 0);
  const rows = shown.map((t) => [
    t.name,
    t.now === undefined ? "?" : formatSeconds(t.now),
    t.now === t.proposed ? "same" : formatSeconds(t.proposed),
    t.rfcMinimum === undefined ? "-" : formatSeconds(t.rfcMinimum),
    ...(priced ? [price(t)] : []),
    t.rfc ?? "",
  ]);
  const head = ["", "now", "proposed", "RFC asks", ...(priced ? ["entries"] : []), ""];
  const mix = plan.rates.mix.map(({ share, what }) => `${formatCount(Math.round(share * 100))} ${what}`).join(", ");
  const entries = priced ? "entries: more (+) or fewer (-) than with the RFCs' timeouts; " : "";
  const assumed = `assumed of 100 new connections: ${mix}; each active for ${formatSeconds(plan.rates.activeSeconds)}`;
  const aligns: Align[] = ["left", "right", "right", "right", ...(priced ? (["right"] as const) : []), "left"];
  return [...table([head, ...rows], aligns, width), ...hang("  ", entries + assumed, width)];
}

function price(timeout: TimeoutPlan): string {
  const saved = timeout.entriesSaved ?? 0;
  if (saved === 0) return "";
  return `${saved > 0 ? "-" : "+"}${formatCount(Math.abs(saved))}`;
}

/** The timeouts have a table of their own; here they are only counted. */
function settingLines(plan: Plan, width: number): string[] {
  const timers = new Set(plan.timeouts.map(({ sysctl }) => `net.netfilter.${sysctl}`));
  const others = plan.sysctls.filter(({ name }) => !timers.has(name));
  const lines = others.flatMap((proposal) => sysctlLines(proposal, width));
  const changed = plan.sysctls.length - others.length;
  return changed === 0 ? lines : [...lines, `  and ${formatNoun(changed, "timeout")}, as in the table above`];
}

function sysctlLines(proposal: SysctlProposal, width: number): string[] {
  const marks = [proposal.scope === "host" ? "whole host" : "", proposal.writable ? "" : "NOT WRITABLE FROM HERE"];
  const marked = marks.filter((mark) => mark !== "").join(", ");
  return [
    `  ${proposal.name}: ${proposal.now ?? "not set"} -> ${proposal.proposed}${marked === "" ? "" : `  [${marked}]`}`,
    ...hang("      ", proposal.reason, width),
  ];
}

function paperLines(plan: Plan, width: number): string[] {
  return plan.paper.flatMap(({ what, paper, ours, why }) => [
    `  ${what}`,
    ...table(
      [
        ["  paper", paper],
        ["  here", ours],
        ["  why", why],
      ],
      ["left", "left"],
      width,
    ),
  ]);
}

function problemLines(
  problem: Problem | LocatedProblem,
  width: number,
  paint: (style: Style, text: string) => string,
): string[] {
  const style = problem.severity === "error" ? "bad" : "warning";
  const line = "line" in problem ? ` ${problem.file}:${problem.line}:${problem.column}` : "";
  const place = line + (problem.path.length === 0 ? "" : ` at ${formatPath(problem.path)}`);
  return [
    `${paint(style, `${problem.severity}[${problem.code}]`)}${place}`,
    ...hang("  ", problem.message, width),
    ...hang("  fix: ", problem.fix, width),
  ];
}

function verdict(plan: Plan, paint: (style: Style, text: string) => string): string {
  const errors = plan.problems.filter(({ severity }) => severity === "error").length;
  const warnings = formatNoun(plan.problems.length - errors, "warning");
  const name = plan.gateway.name;
  if (errors > 0) return paint("bad", `${name} cannot be applied: ${formatNoun(errors, "error")}, ${warnings}.`);
  return paint(plan.problems.length > 0 ? "warning" : "good", `${name} can be applied: no errors, ${warnings}.`);
}

/** A place in the file as people write it: source-nat[0].ports.per-subscriber. */
function formatPath(path: FilePath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

function describeRanges(ranges: readonly Ipv4Range[]): string {
  const shown = ranges.slice(0, RANGES_SHOWN).map((range) => formatIpv4Range(range));
  const more = ranges.length > RANGES_SHOWN ? ` and ${formatNoun(ranges.length - RANGES_SHOWN, "range")} more` : "";
  return shown.join(", ") + more;
}
