import type { Finding, Fix, SafeFix } from "../diagnose/finding.ts";
import type { Report } from "../diagnose/report.ts";
import { carryOutFix, undoFix } from "../remedy/carry-out-fix.ts";
import { CLAMP_SCRIPT } from "../remedy/segment-size.ts";
import { RemedyError } from "../remedy/error.ts";
import { agreed } from "./agreed.ts";
import type { MeganatContext } from "./command.ts";
import type { CommandResult } from "./output.ts";

/** Shows the fix of a finding, asks, and carries it out. */
export async function fixCommand(
  { output, netns }: MeganatContext,
  report: Report,
  id: string,
  yes: boolean,
): Promise<CommandResult> {
  const finding = report.findings.find((one) => one.id === id);
  if (finding === undefined) throw notFound(report, id);
  const safe = finding.fixes.find((one) => one.safe !== undefined);
  if (safe?.safe === undefined) throw byHand(finding);
  output.note(`${finding.title}: ${finding.summary}`);
  output.note(`${safe.text}:`);
  for (const line of safe.safe.flatMap(stepLines)) output.note(`  ${line}`);
  output.note(`Then: ${safe.effect}. Risk: ${safe.risk}.`);
  if (!yes && !(await agreed("Do it?", "the fix would change this host"))) {
    return { json: { fix: null }, text: "nothing was changed", status: 1 };
  }
  const fix = carryOutFix({ namespace: netns }, id, safe.safe);
  const deleted = fix.deletedConnections === 0 ? "" : `, ${fix.deletedConnections} connections deleted`;
  return { json: { fix }, text: `done${deleted}; \`meganat doctor --undo ${id}\` takes it back` };
}

/** Takes the fix of a finding back. */
export function undoCommand(netns: string | undefined, id: string): CommandResult {
  const { fix, done, left } = undoFix({ namespace: netns }, id);
  const lines = [...done, ...left.map((line) => `left as it is: ${line}`)];
  return { json: { fix, done, left }, text: lines.join("\n") };
}

function stepLines(step: SafeFix): string[] {
  switch (step.kind) {
    case "sysctl":
      return [`sysctl -w ${step.name}=${step.value}`];
    case "clamp-segment-size":
      return ["nft -f - <<'END'", ...CLAMP_SCRIPT.trimEnd().split("\n"), "END"];
    case "delete-connections":
      return [`delete the connections that match: ${step.filters.map(filterText).join("; or ")}`];
  }
}

function filterText(filter: object): string {
  return Object.entries(filter)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ");
}

function notFound({ findings }: Report, id: string): RemedyError {
  const there = findings.map((one) => one.id);
  return new RemedyError(
    "fix-unknown",
    `the doctor does not find ${id} here now`,
    there.length === 0 ? "nothing is to be fixed" : `found are: ${[...new Set(there)].join(", ")}`,
  );
}

function byHand({ id, fixes }: Finding): RemedyError {
  const commands = fixes.flatMap(({ commands: lines = [] }: Fix) => lines);
  return new RemedyError(
    "fix-by-hand",
    `${id} is not fixed by MegaNAT itself: it would touch what others have set up`,
    commands.length === 0 ? (fixes[0]?.text ?? "see its page") : `by hand: ${commands.join("; ")}`,
  );
}
