/**
 * The one line of a verifier log that says why the program was refused, or undefined if the log has none.
 * The verifier ends with its reason and then statistics: `processed 12 insns (limit 1000000) ...`. The lines before
 * trace registers and instructions.
 */
export function tellingLine(log: string): string | undefined {
  const lines = log
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !STATISTICS.test(line));
  return lines.findLast((line) => !TRACE.test(line)) ?? lines.at(-1);
}

const STATISTICS =
  /^(processed \d+ insns|verification time|stack depth|-- (BEGIN|END) PROG|func#\d+ |last_idx \d+|mark_precise)/;

/** `12: (79) r1 = ...`, `; source line @ file.c:3`, `R1=ctx() ...`, `from 3 to 7: ...`, `old state: R1=0`. */
const TRACE = /^(\d+: |; |R\d+(_\w+)?=|from \d+ to \d+|(cur|old) state:)/;
