import { changeLines, remarkLines } from "../apply-text.ts";
import { command } from "../command.ts";
import { CommandError } from "../failure.ts";

interface Flags {
  readonly force: boolean;
}

/** Takes a gateway out of the kernel. */
export const remove = command<Flags, []>({
  brief: "Take the gateway out of the kernel and put every changed setting back",
  description: [
    "Deletes the table `ip meganat` and puts back every address, route and kernel setting that `meganat apply` changed,",
    "as far as nobody has changed it since. Connections are not cut, but those that were translated lose their way.",
    "Needs root.",
  ].join("\n"),
  examples: [
    ["meganat remove", "this host is no gateway any more"],
    ["meganat --netns blue remove", "the same in the network namespace blue"],
  ],
  json: [
    ["outcome", "removed, nothing (there was none) or partly"],
    ["gateway", "name of the gateway"],
    ["changes", "what was changed, in words, in order"],
    ["problems", "what could not be put back: { code, message, fix }"],
    ["notices", "what was left on purpose: { code, message, fix }"],
  ],
  parameters: {
    flags: {
      force: { kind: "boolean", brief: "Go on even if it cuts off somebody who is connected by ssh", default: false },
    },
  },
  run: async ({ output, netns }, { force }) => {
    const { removeGateway } = await import("../../apply/remove.ts");
    const { turnOffFastPath } = await import("../../fastpath/turn-off.ts");
    turnOffFastPath({ netns });
    const outcome = removeGateway({ namespace: netns, force });
    const { gateway, changes, problems, notices } = outcome;
    if (outcome.outcome === "refused") {
      const first = problems[0];
      throw new CommandError({
        code: first?.code ?? "not-removed",
        message: `cannot remove the gateway: ${first?.message ?? "no reason given"}`,
        remedy: first?.fix ?? "try again",
      });
    }
    const name = gateway === undefined ? "the gateway" : `gateway ${gateway}`;
    const heads = {
      removed: `removed ${name}`,
      nothing: "there is no gateway to remove",
      partly: `removed part of ${name}; what is left is named below`,
    };
    const head = output.paint(problems.length === 0 ? "good" : "bad", heads[outcome.outcome]);
    return {
      json: { outcome: outcome.outcome, gateway, changes, problems, notices },
      text: [head, ...changeLines(changes), ...remarkLines(output, problems, notices)].join("\n"),
      status: problems.length === 0 ? 0 : 1,
    };
  },
});
