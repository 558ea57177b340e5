/** An option of a rule with what follows it, out of the words of one line. */
export interface Option {
  /** With its dashes: `-s`, `--dport`. */
  readonly name: string;
  readonly negated: boolean;
  readonly values: readonly string[];
  /** The module whose option it is: what the last `-m` named; empty for the general ones. */
  readonly module: string;
}

/** A rule's words, sorted: questions first, then the target with its own options. */
export interface SavedOptions {
  readonly matches: readonly Option[];
  readonly target?: { readonly name: string; readonly goto: boolean; readonly options: readonly Option[] };
}

const GENERAL = new Set(["-s", "-d", "-i", "-o", "-p", "-f", "-m", "-j", "-g", "-c"]);

/** Options whose value may begin with a dash. */
const FREE_TEXT = new Set(["--comment", "--log-prefix", "--nflog-prefix", "--string", "--hex-string"]);

/** Groups the words of a rule into options. An option's values go as far as the next word that begins with a dash. */
export function readOptions(words: readonly string[]): SavedOptions {
  const matches: Option[] = [];
  const targetOptions: Option[] = [];
  let target: { readonly name: string; readonly goto: boolean } | undefined;
  let module = "";
  for (let at = 0; at < words.length;) {
    const negated = words[at] === "!";
    if (negated) at++;
    const name = words[at] ?? "";
    at++;
    const values: string[] = [];
    if (FREE_TEXT.has(name)) {
      values.push(words[at] ?? "");
      at++;
    }
    for (; at < words.length && !startsOption(words, at); at++) values.push(words[at] ?? "");
    if (name === "-j" || name === "-g") {
      target = { name: values[0] ?? "", goto: name === "-g" };
    } else if (name === "-m" && target === undefined) {
      module = values[0] ?? "";
      // A module without options asks something all the same (`-m socket`, `-m rpfilter`).
      matches.push({ name, negated, values, module });
    } else {
      const option = { name, negated, values, module: GENERAL.has(name) ? "" : module };
      (target === undefined ? matches : targetOptions).push(option);
    }
  }
  return target === undefined ? { matches } : { matches, target: { ...target, options: targetOptions } };
}

function startsOption(words: readonly string[], at: number): boolean {
  const word = words[at] ?? "";
  // A negative number and a lone dash are values.
  if (/^-{1,2}[a-zA-Z]/.test(word)) return true;
  return word === "!" && (words[at + 1] ?? "").startsWith("-");
}
