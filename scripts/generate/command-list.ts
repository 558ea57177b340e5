import type { Command, RouteMap } from "@stricli/core";
import { makeApplication } from "../../src/cli/application.ts";
import { descriptionOf, type CommandDescription, type MeganatContext } from "../../src/cli/command.ts";
import { helpText } from "../../src/cli/help.ts";

/** A command as its documentation needs it. */
export interface DocumentedCommand {
  /** The words that call it: ["meganat", "lab", "up"]. */
  readonly words: readonly string[];
  readonly usage: string;
  readonly help: string;
  readonly description: CommandDescription;
  readonly flags: readonly (readonly [flag: string, brief: string])[];
  readonly positionals: readonly (readonly [name: string, brief: string])[];
}

/** Every command of the application in the order of its help, groups opened up. */
export async function listCommands(): Promise<DocumentedCommand[]> {
  const application = await makeApplication("");
  const found: DocumentedCommand[] = [];
  const walk = (target: Command<MeganatContext> | RouteMap<MeganatContext>, words: readonly string[]): void => {
    if ("getAllEntries" in target) {
      for (const entry of target.getAllEntries()) {
        if (!entry.hidden) walk(entry.target, [...words, entry.name["convert-camel-to-kebab"]]);
      }
      return;
    }
    found.push({
      words,
      usage: usageLine(target, words),
      help: helpText(target, words, application.defaultText),
      description: descriptionOf(target) ?? { brief: target.brief, description: target.brief, examples: [], json: [] },
      flags: flagRows(target),
      positionals: positionalRows(target),
    });
  };
  walk(application.root, ["meganat"]);
  return found;
}

function usageLine(target: Command<MeganatContext>, words: readonly string[]): string {
  return target.formatUsageLine({
    prefix: words,
    config: { useAliasInUsageLine: false, onlyRequiredInUsageLine: false, caseStyle: "convert-camel-to-kebab" },
    ansiColor: false,
  });
}

function flagRows(target: Command<MeganatContext>): [string, string][] {
  const { flags = {}, aliases = {} } = target.parameters;
  return Object.entries(flags).map(([name, flag]) => {
    const alias = Object.entries(aliases).find(([, flagName]) => flagName === name)?.[0];
    const long = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const value = flag.kind === "boolean" || flag.kind === "counter" ? "" : ` ${flag.placeholder ?? "VALUE"}`;
    const choices = flag.kind === "enum" ? ` (${flag.values.join(", ")})` : "";
    const given = "default" in flag ? flag.default : undefined;
    const otherwise = given === undefined || given === false ? "" : ` [default: ${String(given)}]`;
    return [`${alias === undefined ? "" : `-${alias}, `}${long}${value}`, `${flag.brief}${choices}${otherwise}`];
  });
}

function positionalRows(target: Command<MeganatContext>): [string, string][] {
  const { positional } = target.parameters;
  if (positional === undefined) return [];
  if (positional.kind === "array")
    return [[`${positional.parameter.placeholder ?? "args"}...`, positional.parameter.brief]];
  return positional.parameters.map((parameter) => [parameter.placeholder ?? "arg", parameter.brief]);
}
