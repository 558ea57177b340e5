import {
  buildApplication,
  buildRouteMap,
  text_en,
  version,
  type Application,
  type ApplicationText,
  type StricliIntegration,
} from "@stricli/core";
import type { MeganatContext } from "./command.ts";
import { loadCommands } from "./commands.ts";
import { helpText } from "./help.ts";

/**
 * The command line: its commands, the flags all of them take, and the words for usage errors. With the name of a
 * command as `only`, the others are left out: to load them all takes longer than most commands run.
 */
export async function makeApplication(currentVersion: string, only?: string): Promise<Application<MeganatContext>> {
  const routes = await loadCommands(only);
  return buildApplication(
    buildRouteMap<string, MeganatContext>({
      routes,
      docs: {
        brief: "Runs a Linux box as a NAT gateway that holds millions of connections.",
        fullDescription: [
          "MegaNAT runs a Linux box as a NAT gateway that holds millions of connections.",
          "One YAML file describes the gateway: `meganat init` writes a first one, `plan` says what it",
          "means, `apply` makes it so, `status` says whether it still is.",
        ].join("\n"),
      },
    }),
    {
      name: "meganat",
      scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
      localization: { text: TEXT },
    },
    {
      netns: globalFlag("Work in this network namespace"),
      json: globalFlag("Print one JSON object"),
      version: version({ alias: "v", brief: "Print the version and exit", info: { currentVersion } }),
      help: {
        flag: {
          brief: "Print this help and exit",
          aliases: ["h"],
          global: true,
          complete: true,
          defaultForRouteMap: true,
          run(_application, { text, result }) {
            this.process.stdout.write(helpText(result.target, result.prefix, text));
          },
        },
      },
    },
  );
}

// main takes these flags out before the application sees the command line: here they are for completion only.
function globalFlag(brief: string): StricliIntegration<MeganatContext> {
  return { flag: { brief, global: true, complete: true, run: () => {} } };
}

const TEXT: ApplicationText = {
  ...text_en,
  noCommandRegisteredForInput: ({ input, corrections }) => {
    const guess = corrections.length === 0 ? "" : `; did you mean ${corrections.join(" or ")}?`;
    return `there is no command ${input}${guess}`;
  },
  exceptionWhileParsingArguments: (error) => (error instanceof Error ? error.message : String(error)),
};
