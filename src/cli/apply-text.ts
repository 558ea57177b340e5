import type { Output } from "./output.ts";

/** A notice or problem of apply, remove or status. */
export interface Remark {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

const SHOWN = 40;

/** The changes for people, two spaces in front, the rest counted. */
export function changeLines(changes: readonly string[]): string[] {
  const shown = changes.slice(0, SHOWN).map((change) => `  ${change}`);
  return changes.length > SHOWN ? [...shown, `  ... and ${changes.length - SHOWN} more`] : shown;
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
