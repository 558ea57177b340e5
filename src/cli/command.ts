import { buildCommand, type BaseArgs, type Command, type CommandContext } from "@stricli/core";
import type { TypedCommandParameters } from "@stricli/core";
import type { CommandResult, HandedOver, Output } from "./output.ts";

type Outcome = CommandResult | HandedOver;

/** What every command gets besides its own flags and arguments. */
export interface MeganatContext extends CommandContext {
  readonly output: Output;
  /** The network namespace to work in, undefined for the one the process is in. */
  readonly netns: string | undefined;
  /** Keeps the exit status of the command for the end of the run. */
  readonly finish: (status: number) => void;
}

/** An example for the help, a command line that works, and what it does. */
export type Example = readonly [commandLine: string, brief: string];

/** A command as its file describes it. `run` loads the rooms it needs itself, so that help stays quick. */
export interface CommandSpec<FLAGS extends Readonly<Partial<Record<keyof FLAGS, unknown>>>, ARGS extends BaseArgs> {
  readonly brief: string;
  /** What there is to know, in paragraphs. */
  readonly description: string;
  readonly examples: readonly Example[];
  /** The fields of the object that --json prints: [name, what it is]. */
  readonly json: readonly (readonly [field: string, meaning: string])[];
  readonly parameters: TypedCommandParameters<FLAGS, ARGS, MeganatContext>;
  readonly run: (context: MeganatContext, flags: FLAGS, ...args: ARGS) => Outcome | Promise<Outcome>;
}

/** What of a command's description its documentation is made from. */
export type CommandDescription = Pick<CommandSpec<object, BaseArgs>, "brief" | "description" | "examples" | "json">;

const descriptions = new WeakMap<Command<MeganatContext>, CommandDescription>();

/** The description a command was made from; undefined for one not made by `command`. */
export function descriptionOf(built: Command<MeganatContext>): CommandDescription | undefined {
  return descriptions.get(built);
}

/** Builds a command whose result or error goes through the output module. */
export function command<FLAGS extends Readonly<Partial<Record<keyof FLAGS, unknown>>>, ARGS extends BaseArgs>(
  spec: CommandSpec<FLAGS, ARGS>,
): Command<MeganatContext> {
  const built = buildCommand<FLAGS, ARGS, MeganatContext>({
    docs: { brief: spec.brief, fullDescription: fullDescription(spec) },
    parameters: spec.parameters,
    func: async function (this: MeganatContext, flags: FLAGS, ...args: ARGS): Promise<void> {
      try {
        this.finish(this.output.result(await spec.run(this, flags, ...args)));
      } catch (error) {
        this.finish(this.output.failure(error));
      }
    },
  });
  descriptions.set(built, spec);
  return built;
}

function fullDescription(spec: CommandDescription): string {
  const width = Math.max(0, ...spec.json.map(([field]) => field.length));
  const sections = [spec.description];
  if (spec.examples.length > 0) {
    sections.push(["Examples:", ...spec.examples.map(([line, brief]) => `  ${line}\n      ${brief}`)].join("\n"));
  }
  if (spec.json.length > 0) {
    sections.push(
      ["With --json, one object:", ...spec.json.map(([field, meaning]) => `  ${field.padEnd(width)}  ${meaning}`)].join(
        "\n",
      ),
    );
  }
  return sections.join("\n\n");
}
