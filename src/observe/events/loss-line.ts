import { sumKinds, type KindCounts } from "./event-totals.ts";

/** Events that did not get into the stream since the last such line. */
export interface Losses {
  readonly lost: number;
  readonly overruns: number;
  readonly unprinted: KindCounts;
}

/** The line that stands in the stream for what is missing in it. */
export function lossLine(form: "text" | "json", at: string, losses: Losses): string {
  const { lost, overruns, unprinted } = losses;
  if (form === "json") return JSON.stringify({ event: "lost", at, lost, overruns, unprinted });
  const parts: string[] = [];
  if (lost > 0) parts.push(`${lost} events lost in the kernel, its queue was full`);
  // Out of memory, the kernel says so without counting.
  if (lost === 0 && overruns > 0)
    parts.push(`the kernel had no memory for events ${overruns} times, and did not count`);
  if (sumKinds(unprinted) > 0) {
    const { new: made, update, destroy } = unprinted;
    parts.push(
      `${sumKinds(unprinted)} events not printed (${made} new, ${update} update, ${destroy} destroy), the reader is slow`,
    );
  }
  return `# ${at} ${parts.join("; ")}`;
}

/** The lines before and after the table, which is printed when a loss is over. */
export function resyncLine(
  form: "text" | "json",
  event: "resync-begin" | "resync-end",
  at: string,
  found?: { readonly present: number; readonly exact: boolean },
): string {
  if (form === "json") return JSON.stringify({ event, at, ...found });
  if (found === undefined) return `# ${at} the table as it is now:`;
  const doubt = found.exact ? "" : "; it changed while it was read, some may be missing or double";
  return `# ${at} end of the table: ${found.present} connections${doubt}`;
}
