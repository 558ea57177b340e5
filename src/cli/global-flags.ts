import { CommandError } from "./failure.ts";

/** Flags that every command takes, before or after its name. */
export interface GlobalFlags {
  readonly json: boolean;
  /** Name of the network namespace to work in; undefined is the one the process is in. */
  readonly netns: string | undefined;
  /** The command line without the global flags. */
  readonly rest: readonly string[];
}

/** Takes the global flags out of a command line. What stands after `--` belongs to another program and stays. */
export function takeGlobalFlags(argv: readonly string[]): GlobalFlags {
  let json = false;
  let netns: string | undefined;
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (word === "--") {
      rest.push(...argv.slice(i));
      break;
    }
    if (word === "--json") {
      json = true;
    } else if (word === "--netns" || word.startsWith("--netns=")) {
      const name = word === "--netns" ? argv[++i] : word.slice("--netns=".length);
      if (name === undefined || name === "" || name.startsWith("-")) throw missingName();
      netns = name;
    } else {
      rest.push(word);
    }
  }
  return { json, netns, rest };
}

function missingName(): CommandError {
  return new CommandError(
    {
      code: "usage",
      message: "--netns needs the name of a network namespace",
      remedy: "`ip netns list` shows the names; as in `meganat --netns blue status`",
    },
    2,
  );
}
