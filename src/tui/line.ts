/** How text is shown, by what it means; as in the output of other commands, and `selected` for where the keys act. */
export type TextStyle = "good" | "bad" | "warning" | "heading" | "quiet" | "selected";

/** A piece of a line in one style. */
export interface Span {
  readonly text: string;
  readonly style?: TextStyle | undefined;
}

/** A line of the screen. */
export type Line = readonly Span[];

/** A line of spans; plain texts have no style. */
export function line(...parts: readonly (string | Span)[]): Line {
  return parts.map((part) => (typeof part === "string" ? { text: part } : part));
}

/** Text in a style. */
export function styled(style: TextStyle | undefined, text: string): Span {
  return { text, style };
}

/** The line without styles. */
export function plainText(spans: Line): string {
  return spans.map(({ text }) => text).join("");
}

/** Cuts a line to the width; a mark at its end says that there was more. Texts here have one column a character. */
export function clip(spans: Line, width: number): Line {
  const clipped: Span[] = [];
  let left = width;
  for (const [index, span] of spans.entries()) {
    const { text } = span;
    const isLast = spans.slice(index + 1).every((later) => later.text === "");
    if (text.length <= left && (isLast || text.length < left)) {
      clipped.push(span);
      left -= text.length;
      continue;
    }
    if (left > 0) clipped.push({ ...span, text: text.length > left || !isLast ? `${text.slice(0, left - 1)}~` : text });
    return clipped;
  }
  return clipped;
}

/** A bar of `width` columns, `share` of it full. */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "#".repeat(full) + ".".repeat(Math.max(0, width - full));
}

/** The left text, and the right one at the end of the width if there is room for both. */
export function spread(left: Line, right: string, width: number): Line {
  const room = width - plainText(left).length - right.length;
  return room < 1 ? left : [...left, { text: " ".repeat(room) }, { text: right, style: "quiet" }];
}

/** Breaks text at spaces into pieces of at most `width` characters; a longer word stays whole. */
export function wrapped(text: string, width: number): string[] {
  const pieces: string[] = [];
  for (const word of text.split(" ")) {
    const last = pieces.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) pieces.push(word);
    else pieces[pieces.length - 1] = `${last} ${word}`;
  }
  return pieces;
}
