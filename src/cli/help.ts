import type { ApplicationText, RouteMap, Command } from "@stricli/core";
import type { MeganatContext } from "./command.ts";

/** Flags of every command, as help shows them. `main` takes --netns and --json before anything else sees them. */
export const GLOBAL_FLAGS: readonly (readonly [flag: string, brief: string])[] = [
  ["    --netns NAME", "Work in this network namespace, as `ip netns list` names it"],
  ["    --json", "Print one JSON object on standard output, errors too"],
  ["-h, --help", "Print this help and exit"],
];

/** The help of a command or of a group of commands. */
export function helpText(
  target: Command<MeganatContext> | RouteMap<MeganatContext>,
  prefix: readonly string[],
  text: ApplicationText,
): string {
  const own = target.formatHelp({
    prefix,
    text,
    additionalFlags: [],
    includeArgumentEscapeSequenceFlag: false,
    includeHidden: false,
    config: { useAliasInUsageLine: false, onlyRequiredInUsageLine: false, caseStyle: "convert-camel-to-kebab" },
    ansiColor: false,
  });
  const rows = prefix.length > 1 ? GLOBAL_FLAGS : [...GLOBAL_FLAGS, ["-v, --version", "Print the version and exit"]];
  const width = Math.max(...rows.map(([flag = ""]) => flag.length));
  const global = rows.map(([flag = "", brief]) => `  ${flag.padEnd(width)}  ${brief}\n`).join("");
  // A command without flags of its own gets an empty section from the library.
  return `${own.replace("\nFLAGS\n\n", "\n")}\nFLAGS OF EVERY COMMAND\n${global}`;
}
