import { formatCount, formatPercent, formatRate, formatSeconds } from "../diagnose/figures.ts";
import type { Capacity } from "../diagnose/capacity.ts";
import type { DropAccount } from "../diagnose/drop-account.ts";
import type { Evidence, Finding, Fix, Severity } from "../diagnose/finding.ts";
import type { JudgedProfile } from "../diagnose/profile-norm.ts";
import type { Report } from "../diagnose/report.ts";
import { protocolName } from "../kernel/conntrack/protocol-name.ts";
import type { Output, Style } from "./output.ts";
import { hang, table } from "./text-layout.ts";

const STYLES: Readonly<Record<Severity, Style>> = { loss: "bad", degraded: "warning", risk: "warning", note: "quiet" };
const WORDS: Readonly<Record<Severity, string>> = {
  loss: "LOSES PACKETS",
  degraded: "DEGRADED",
  risk: "WILL HURT",
  note: "NOTE",
};
/** States of the table that are shown; the rest is in the JSON. */
const STATES = 5;
const WIDTH = 118;
const FUNCTIONS = 5;
/** Of evidence that has a place in the table. */
const LONG = 60;

/** The doctor's report for people: the verdict first, then what is wrong, the worst first. */
export function doctorText(report: Report, paint: Output["paint"]): string {
  return [
    verdictLine(report, paint),
    ...report.findings.flatMap((finding, index) => ["", ...findingLines(finding, index + 1, paint)]),
    "",
    ...dropLines(report.drops, paint),
    "",
    ...capacityLines(report.capacity, paint),
    ...uncheckedLines(report, paint),
  ].join("\n");
}

/** What has changed since the look before: findings that came and went, and the verdict. */
export function changesText(before: Report, now: Report, paint: Output["paint"]): string {
  const key = ({ id, subject }: Finding): string => `${id} ${subject ?? ""}`;
  const [old, current] = [new Set(before.findings.map(key)), new Set(now.findings.map(key))];
  const time = new Date(now.takenAt).toTimeString().slice(0, 8);
  const lines = [`${paint("quiet", time)} ${verdictLine(now, paint)}`];
  for (const finding of now.findings.filter((one) => !old.has(key(one))))
    lines.push(...findingLines(finding, 0, paint));
  for (const finding of before.findings.filter((one) => !current.has(key(one)))) {
    lines.push(`   ${paint("good", "gone")}: ${finding.title}`);
  }
  return lines.join("\n");
}

/** Where NAT's CPU time goes. */
export function profileLines(
  { natShare, natSamples, parts, functions, limits }: JudgedProfile & { readonly limits: readonly string[] },
  paint: Output["paint"],
): string[] {
  const head = `${paint("heading", "CPU time of NAT")}: ${formatPercent(natShare)} of the busy time`;
  const rows = parts.map(({ name, share, usual, unusual }) => [
    name,
    formatPercent(share),
    unusual ?? (usual === undefined ? "" : `usual up to ${formatPercent(usual)}`),
  ]);
  const busiest = functions.slice(0, FUNCTIONS).map(({ name, share }) => `${name} ${formatPercent(share)}`);
  return [
    natSamples === 0 ? `${paint("heading", "CPU time of NAT")}: none was seen` : head,
    ...table(rows, ["left", "right", "left"], WIDTH).map((line) => ` ${line}`),
    ...(busiest.length === 0 ? [] : hang("   busiest functions of all: ", busiest.join(", "), WIDTH)),
    ...limits.map((limit) => `   ${limit}`),
  ];
}

function verdictLine({ verdict, findings, drops, seconds, checked }: Report, paint: Output["paint"]): string {
  const looked = paint("quiet", `(${checked} failure modes looked for, ${seconds.toFixed(1)} s)`);
  if (verdict === "healthy") return `${paint("good", "Healthy.")} ${looked}`;
  const named = [...new Set(findings.filter(({ severity }) => severity !== "note").map(({ title }) => title))];
  if (verdict === "degraded") return `${paint("warning", "Degraded:")} ${named.join("; ")}. ${looked}`;
  const lost = findings.reduce((sum, { lossPerSecond }) => sum + lossPerSecond, 0) + drops.unexplained / seconds;
  const shares = findings
    .filter(({ lossPerSecond }) => lossPerSecond > 0)
    .map(({ id, lossPerSecond }) => `${id} ${formatPercent(lossPerSecond / lost)}`);
  if (drops.unexplained > 0) shares.push(`unexplained ${formatPercent(drops.unexplained / seconds / lost)}`);
  return `${paint("bad", "Losing packets:")} ${formatRate(lost)} (${shares.join(", ")}). ${looked}`;
}

function findingLines(finding: Finding, number: number, paint: Output["paint"]): string[] {
  const { severity, title, subject, summary, evidence, top, why, fixes, id, page } = finding;
  const lines = [
    `${number === 0 ? "  " : `${number}.`} ${paint(STYLES[severity], WORDS[severity])}  ${paint("heading", title)}${subject === undefined ? "" : `: ${subject}`}  ${paint("quiet", id)}`,
    ...hang("   ", summary, WIDTH),
    ...evidenceLines(evidence),
  ];
  if (top !== undefined && top.rows.length > 0) lines.push(`   ${top.title}:`, ...top.rows.map((row) => `     ${row}`));
  lines.push(...hang("   Why it matters: ", why, WIDTH));
  for (const [index, fix] of fixes.entries()) lines.push(...fixLines(fix, index === 0 ? "Fix" : "Or", id));
  lines.push(paint("quiet", `   See ${page}`));
  return lines;
}

/** What is long, as a rule's text, stands on lines of its own: in the table it would push everything else aside. */
function evidenceLines(evidence: readonly Evidence[]): string[] {
  const isLong = ({ what, value }: Evidence): boolean => value.length > LONG || what.length > LONG;
  const short = evidence.filter((one) => !isLong(one));
  return [
    ...evidence
      .filter(isLong)
      .flatMap(({ what, value, meaning }) => [
        ...hang("     ", `${what}${meaning === undefined ? "" : `, ${meaning}`}:`, WIDTH),
        ...hang("       ", value, WIDTH),
      ]),
    ...table(
      short.map(({ what, value, meaning }) => [what, value, meaning ?? ""]),
      ["left", "right", "left"],
      WIDTH,
    ).map((line) => `   ${line}`),
  ];
}

function fixLines({ text, commands, file, effect, risk, safe }: Fix, word: string, id: string): string[] {
  const lines = hang(`   ${word}: `, `${text}.`, WIDTH);
  for (const line of commands ?? []) lines.push(`     # ${line}`);
  if (file !== undefined) lines.push("     in the gateway file:", ...file.split("\n").map((line) => `       ${line}`));
  lines.push(...hang("     Then: ", `${effect}. Risk: ${risk}.`, WIDTH));
  if (safe !== undefined) lines.push(`     MegaNAT can do it: meganat doctor --fix ${id}`);
  return lines;
}

function dropLines(drops: DropAccount, paint: Output["paint"]): string[] {
  if (!drops.known) return [`${paint("heading", "Dropped packets")}: cannot be counted here, see below`];
  if (drops.packets === 0) return [`${paint("heading", "Dropped packets")}: none`];
  const lines = [
    `${paint("heading", "Dropped packets")}: ${formatCount(drops.packets)}, ${formatRate(drops.perSecond)}`,
  ];
  const rows = drops.shares.map(({ cause, packets, share, finding, usual }) => [
    cause,
    formatCount(packets),
    formatPercent(share),
    finding ?? (usual ? "usual on any network" : "unexplained"),
  ]);
  lines.push(...table(rows, ["left", "right", "right", "left"], WIDTH).map((line) => ` ${line}`));
  lines.push(`   Unexplained: ${formatCount(drops.unexplained)}`);
  return lines;
}

function capacityLines(capacity: Capacity, paint: Output["paint"]): string[] {
  const { connections, max, used, growthPerSecond, secondsToFull, meanChain, buckets, states, fullest } = capacity;
  if (connections === undefined) return [`${paint("heading", "Capacity")}: not known here, see below`];
  const room = max === undefined || used === undefined ? "" : ` of ${formatCount(max)} (${formatPercent(used)})`;
  const lines = [`${paint("heading", "Capacity")}: ${formatCount(connections)} connections${room}`];
  if (growthPerSecond !== undefined && secondsToFull !== undefined && secondsToFull < 7 * 86_400) {
    lines.push(`   grows by ${formatRate(growthPerSecond)}: full in ${formatSeconds(secondsToFull)}`);
  }
  if (buckets !== undefined && meanChain !== undefined) {
    lines.push(`   hash: ${formatCount(buckets)} buckets, ${meanChain.toFixed(2)} entries in each on average`);
  }
  for (const { protocol, state, count, assured, unreplied } of states.slice(0, STATES)) {
    const name = `${protocolName(protocol)}${state === "" ? "" : ` ${state}`}`;
    lines.push(
      `   ${name}: ${formatCount(count)} (${formatCount(assured)} assured, ${formatCount(unreplied)} unreplied)`,
    );
  }
  for (const use of fullest.filter(({ occupancy }) => occupancy >= 0.1)) {
    lines.push(
      `   ports of ${use.address} to ${use.destination}:${use.destinationPort}/${protocolName(use.protocol)}: ` +
        `${formatPercent(use.occupancy)} used, next connection refused with ${formatPercent(use.refusalChance)}`,
    );
  }
  return lines;
}

function uncheckedLines({ unchecked, unseen }: Report, paint: Output["paint"]): string[] {
  if (unchecked.length === 0 && unseen.length === 0) return [];
  return [
    "",
    paint("heading", "What could not be checked"),
    ...unseen.map(({ what, why, remedy }) => `   ${what}: ${why} (${remedy})`),
    ...unchecked.map(({ title, why }) => `   ${title}: ${why}`),
  ];
}
