import { readFileSync } from "node:fs";

/**
 * The help of all commands as the build wrote it down, if the words ask for just that: loading every command for it
 * takes as long as starting Node.js. Undefined if they ask for something else, or nothing is written yet.
 */
export function writtenHelp(argv: readonly string[]): string | undefined {
  const words = argv.filter((word) => word !== "--json");
  if (words.length > 1 || !["--help", "-h", undefined].includes(words[0])) return undefined;
  try {
    return readFileSync(new URL("../help.txt", import.meta.url), "utf8");
  } catch {
    return undefined;
  }
}
