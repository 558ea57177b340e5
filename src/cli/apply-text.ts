import type { Output } from "./output.ts";

/** A notice or problem of apply, remove or status. */
export interface Remark {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

const SHOWN = 40;
/** Longer runs of changes of one kind are folded to their first and last. */
const LONGEST_RUN = 4;

/** The changes for people, two spaces in front; runs of one kind are folded. */
export function changeLines(changes: readonly string[]): string[] {
  const lines = runsOf(changes).flatMap((run) =>
    run.length <= LONGEST_RUN
      ? run.map((change) => `  ${change}`)
      : [`  ${run[0] ?? ""}`, `  ... ${run.length - 2} more`, `  ${run.at(-1) ?? ""}`],
  );
  return lines.length > SHOWN ? [...lines.slice(0, SHOWN), `  ... and ${lines.length - SHOWN} more`] : lines;
}

// "add address", "set net": two words tell the kind.
function runsOf(changes: readonly string[]): string[][] {
  const runs: string[][] = [];
  let kind = "";
  for (const change of changes) {
    const own = change.split(/[ .]/, 2).join(" ");
    const last = runs.at(-1);
    if (last !== undefined && own === kind) last.push(change);
    else runs.push([change]);
    kind = own;
  }
  return runs;
}

/** Problems and notices for people, each with what to do. */
export function remarkLines(output: Output, problems: readonly Remark[], notices: readonly Remark[]): string[] {
  const lines = (word: string, remarks: readonly Remark[]): string[] =>
    remarks.flatMap(({ code, message, fix }) => [
      `${output.paint(word === "error" ? "bad" : "warning", `${word}[${code}]`)}: ${message}`,
      `  fix: ${fix}`,
    ]);
  return [...lines("error", problems), ...lines("note", notices)];
}
