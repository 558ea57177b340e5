import { command } from "../command.ts";
import { fileLabel, planFile, problemJson } from "../gateway-file.ts";
import { FILE_PARAMETER } from "../parameters.ts";

/** Says everything that is wrong or unwise in a gateway file. */
export const check = command<object, [file: string]>({
  brief: "Say everything that is wrong or unwise in a gateway file",
  description: [
    "Reads a gateway file and plans it for this host. Every error comes out at once, each with its line, the place in",
    "it, and what to do. Warnings do not make the file unusable, and leave the exit status at 0. Nothing is changed.",
  ].join("\n"),
  examples: [
    ["meganat check gateway.yaml", "is this file in order?"],
    ["meganat check examples/campus.yaml --json", "the same for programs"],
  ],
  json: [
    ["gateway", "name of the gateway"],
    ["problems", "warnings: { code, severity, file, line, column, message, fix }"],
  ],
  parameters: { positional: { kind: "tuple", parameters: [FILE_PARAMETER] } },
  run: async ({ output, netns }, _flags, file) => {
    const { plan, problems } = await planFile(file, { netns });
    const { formatProblems } = await import("../../config/format-problem.ts");
    const verdict = output.paint("good", `${fileLabel(file)}: no errors`);
    const text = problems.length === 0 ? verdict : `${formatProblems(problems)}\n${verdict}`;
    return { json: { gateway: plan.gateway.name, problems: problems.map(problemJson) }, text };
  },
});
