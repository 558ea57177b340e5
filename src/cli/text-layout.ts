/** Breaks text at spaces into lines of at most `width` characters; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line === "") line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** The text wrapped to `width`, its first line after `first`, the others under it. */
export function hang(first: string, text: string, width: number): string[] {
  const indent = " ".repeat(first.length);
  return wrap(text, Math.max(20, width - first.length)).map((line, i) => (i === 0 ? first : indent) + line);
}

/** How a column of a table is aligned. */
export type Align = "left" | "right";

/** Lines of a table, two spaces before and between columns; the last column is wrapped to `width`. */
export function table(rows: readonly (readonly string[])[], aligns: readonly Align[], width: number): string[] {
  const last = aligns.length - 1;
  const widths = aligns.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.flatMap((row) => {
    const cells = aligns.slice(0, last).map((align, column) => {
      const cell = row[column] ?? "";
      return align === "right" ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
    });
    const before = `  ${cells.join("  ")}${cells.length > 0 ? "  " : ""}`;
    const text = row[last] ?? "";
    const lines = aligns[last] === "right" ? [before + text.padStart(widths[last] ?? 0)] : hang(before, text, width);
    return lines.map((line) => line.trimEnd());
  });
}
