/** What a key is called; a printable character is itself. */
export type Key = string;

const ESCAPE = "\u001b";

/** What terminals send, after the escape character; both cursor key modes. */
const SEQUENCES: Readonly<Record<string, Key>> = {
  "[A": "up",
  "[B": "down",
  "[C": "right",
  "[D": "left",
  "[H": "home",
  "[F": "end",
  OA: "up",
  OB: "down",
  OC: "right",
  OD: "left",
  OH: "home",
  OF: "end",
  OM: "enter",
  "[1~": "home",
  "[4~": "end",
  "[5~": "page-up",
  "[6~": "page-down",
  "[7~": "home",
  "[8~": "end",
};

const CONTROLS: Readonly<Record<string, Key>> = {
  "\r": "enter",
  "\n": "enter",
  "\u007f": "backspace",
  "\b": "backspace",
  "\u0003": "ctrl-c",
  "\u000c": "ctrl-l",
  "\u0015": "ctrl-u",
  "\u001a": "ctrl-z",
};

/** An escape sequence as far as it can be told from what follows: CSI with its final byte, SS3 with one more. */
const WHOLE_SEQUENCE = /^(?:\[[\u0030-\u003f]*[\u0020-\u002f]*[\u0040-\u007e]|O.)/;
const BEGUN_SEQUENCE = /^(?:\[[\u0030-\u003f]*[\u0020-\u002f]*|O|)$/;

/** Keys in what a terminal sent; `rest` is the beginning of one that is not all there yet, or the escape key. */
export interface Decoded {
  readonly keys: readonly Key[];
  readonly rest: string;
}

/** Reads keys; sequences and control characters not known here are left out. */
export function decodeKeys(text: string): Decoded {
  const keys: Key[] = [];
  for (let at = 0; at < text.length;) {
    const character = text.charAt(at);
    if (character !== ESCAPE) {
      const control = CONTROLS[character];
      if (control !== undefined) keys.push(control);
      else if (character >= " ") keys.push(character);
      at += 1;
      continue;
    }
    const after = text.slice(at + 1);
    if (BEGUN_SEQUENCE.test(after)) return { keys, rest: text.slice(at) };
    const [sequence] = WHOLE_SEQUENCE.exec(after) ?? [];
    if (sequence === undefined) {
      // Nothing that begins so: the escape key, then another one.
      keys.push("escape");
      at += 1;
      continue;
    }
    const known = SEQUENCES[sequence];
    if (known !== undefined) keys.push(known);
    at += 1 + sequence.length;
  }
  return { keys, rest: "" };
}

/** What a rest was after all, when nothing has followed it for a while. */
export function endOfKeys(rest: string): Key[] {
  return rest === ESCAPE ? ["escape"] : [];
}
