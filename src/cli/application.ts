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
import { apply } from "./commands/apply.ts";
import { bench } from "./commands/bench/group.ts";
import { check } from "./commands/check.ts";
import { completion } from "./commands/completion.ts";
import { demo } from "./commands/demo.ts";
import { drops } from "./commands/drops.ts";
import { events } from "./commands/events.ts";
import { features } from "./commands/features.ts";
import { flows } from "./commands/flows/group.ts";
import { helpCommand } from "./commands/help.ts";
import { init } from "./commands/init.ts";
import { lab } from "./commands/lab/group.ts";
import { log } from "./commands/log.ts";
import { lookup } from "./commands/lookup.ts";
import { plan } from "./commands/plan.ts";
import { profile } from "./commands/profile.ts";
import { remove } from "./commands/remove.ts";
import { render } from "./commands/render.ts";
import { stats } from "./commands/stats.ts";
import { status } from "./commands/status.ts";
import { top } from "./commands/top.ts";
import { helpText } from "./help.ts";

/** The whole command line: every command, the flags all of them take, and the words for usage errors. */
export function makeApplication(currentVersion: string): Application<MeganatContext> {
  return buildApplication(
    buildRouteMap<string, MeganatContext>({
      routes: {
        features,
        init,
        check,
        plan,
        apply,
        remove,
        status,
        top,
        stats,
        flows,
        events,
        log,
        render,
        lookup,
        drops,
        profile,
        lab,
        demo,
        bench,
        completion,
        help: helpCommand,
      },
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
