import type { Line, TextStyle } from "./line.ts";

/** Turns a piece of text into what a terminal shows in that style. */
export type Paint = (style: TextStyle, text: string) => string;

/** The alternate screen, without cursor: what was on the terminal before is there again after `LEAVE`. */
export const ENTER = "\u001b[?1049h\u001b[?25l\u001b[0m\u001b[2J\u001b[H";
/** Back to the normal screen and cursor. */
export const LEAVE = "\u001b[0m\u001b[?25h\u001b[?1049l";

const SGR: Readonly<Record<TextStyle, string>> = {
  good: "\u001b[32m",
  bad: "\u001b[31m",
  warning: "\u001b[33m",
  heading: "\u001b[1m",
  quiet: "\u001b[2m",
  selected: "\u001b[7m",
};

/** Styles as escape sequences. */
export const inColor: Paint = (style, text) => `${SGR[style]}${text}\u001b[0m`;

/** Styles left out. */
export const plain: Paint = (_style, text) => text;

/** A line as it goes to the terminal; blanks at its end are left out. */
export function painted(spans: Line, paint: Paint): string {
  const last = spans.findLastIndex(({ text }) => text.trim() !== "");
  return spans
    .slice(0, last + 1)
    .map(({ text, style }, index) => {
      const shown = index === last ? text.trimEnd() : text;
      return style === undefined || shown === "" ? shown : paint(style, shown);
    })
    .join("");
}

/**
 * What to send so that a screen that shows the one set of lines shows the other; without an earlier one, everything.
 * Unchanged lines cost nothing: over a slow line that is most of them.
 */
export function redraw(shown: readonly string[] | undefined, lines: readonly string[]): string {
  const start = shown === undefined ? "\u001b[0m\u001b[2J" : "";
  const changes = lines.flatMap((text, row) =>
    shown !== undefined && shown[row] === text ? [] : [`\u001b[${row + 1};1H${text}\u001b[K`],
  );
  return start + changes.join("");
}
