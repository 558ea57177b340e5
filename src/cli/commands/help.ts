import { buildCommand, run } from "@stricli/core";
import type { MeganatContext } from "../command.ts";

/** `meganat help plan` is `meganat plan --help`. */
export const helpCommand = buildCommand<object, string[], MeganatContext>({
  docs: { brief: "Explain a command, as its --help does", fullDescription: "Explain a command, as its --help does." },
  parameters: {
    positional: { kind: "array", parameter: { brief: "The command", placeholder: "command", parse: String } },
  },
  async func(this: MeganatContext, _flags: object, ...words: string[]): Promise<void> {
    const { makeApplication } = await import("../application.ts");
    await run(await makeApplication(""), [...words, "--help"], this);
  },
});
