import type { ApplyOutcome } from "../../apply/apply.ts";
import type { FastPathOutcome } from "../../fastpath/settle.ts";
import type { Plan } from "../../plan/plan.ts";
import { changeLines, remarkLines } from "../apply-text.ts";
import { command } from "../command.ts";
import { CommandError } from "../failure.ts";
import { planFile, problemJson } from "../gateway-file.ts";
import type { CommandResult, Output } from "../output.ts";
import { FILE_PARAMETER } from "../parameters.ts";
import { parseCount } from "../whole-number.ts";

interface Flags {
  readonly dryRun: boolean;
  readonly hostWide: boolean;
  readonly force: boolean;
  readonly wait?: number;
}

/** Puts a gateway file into the kernel. */
export const apply = command<Flags, [file: string]>({
  brief: "Put a gateway file into the kernel, in one transaction",
  description: [
    "Brings rules, addresses, routes and kernel settings to what the file asks for. The rules go in as one nft",
    "transaction in a table of their own, `ip meganat`; no other table is touched. The second apply of the same file",
    "changes nothing; that of a changed file sends only the difference. If anything fails, the old state is put back.",
    "Old settings are recorded, so that `meganat remove` can restore them. Needs root.",
    "",
    "A link that this host cannot have (no such card, no bonding in the kernel, an address that another machine has) is",
    "left out and named, all else comes up, and the exit status is 1. What would cut off somebody who is connected by ssh",
    "is refused without --force.",
    "",
    "Settings that are one value for the whole host (size of the connection table) are left alone in a namespace that",
    "is not the host's, unless --host-wide says otherwise.",
  ].join("\n"),
  examples: [
    ["meganat apply gateway.yaml --dry-run", "what would be changed, and the nft text"],
    ["meganat apply gateway.yaml", "do it"],
    ["meganat --netns blue apply gateway.yaml", "do it in the network namespace blue"],
    ["meganat apply /etc/meganat/gateway.yaml --wait 20", "what runs at boot after `meganat install`"],
  ],
  json: [
    ["outcome", "applied, unchanged or would-apply; what is refused or fails is an error"],
    ["gateway", "name of the gateway"],
    ["changes", "what was or would be changed, in words, in order"],
    ["script", "the nft text that was or would be sent"],
    ["fastPath", "what was or would be done: off, turned-on, turned-off, kept or forgotten (it learns anew)"],
    ["warnings", "the plan's: { code, severity, file, line, column, message, fix }"],
    ["leftOut", "what this host cannot have, while all else was done: { code, message, fix }; exit status 1"],
    ["notices", "what else there is to know: { code, message, fix }"],
  ],
  parameters: {
    flags: {
      dryRun: { kind: "boolean", brief: "Say what would be changed, and change nothing", default: false },
      hostWide: { kind: "boolean", brief: "Also set what is one value for the whole host", default: false },
      force: { kind: "boolean", brief: "Go on even if it cuts off somebody who is connected by ssh", default: false },
      wait: {
        kind: "parsed",
        brief: "Wait so many seconds for interfaces that are not there yet, as at boot",
        placeholder: "seconds",
        parse: (text: string) => parseCount(text, 0, 3600),
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [FILE_PARAMETER] },
  },
  run: async ({ output, netns }, { dryRun: dry, hostWide, force, wait }, file) => {
    const { plan, problems } = await planFile(file, { netns, waitSeconds: wait ?? 0 });
    const [{ applyGateway, dryRun }, { renderState }] = await Promise.all([
      import("../../apply/apply.ts"),
      import("../../render/render.ts"),
    ]);
    const options = { desired: renderState(plan), namespace: netns, hostWide, force, askTheWire: true };
    const outcome = dry ? dryRun(options) : applyGateway(options);
    if (outcome.outcome === "refused" || outcome.outcome === "failed") throw notApplied(outcome);
    const fastPath = await fastPathOf(plan, outcome, netns, dry);
    const { gateway, changes, script, notices, leftOut } = outcome;
    const warnings = problems.map(problemJson);
    return {
      json: { outcome: outcome.outcome, gateway, changes, script, warnings, notices, fastPath, leftOut },
      text: text(output, outcome, FAST_PATH[fastPath]),
      status: leftOut.length > 0 ? 1 : 0,
    };
  },
});

/** The gateway stands, whatever becomes of the fast path: a failure of it says so. */
async function fastPathOf(
  plan: Plan,
  outcome: ApplyOutcome,
  netns: string | undefined,
  dry: boolean,
): Promise<FastPathOutcome> {
  const { fastPathOutcome, settleFastPath } = await import("../../fastpath/settle.ts");
  const wish = {
    netns,
    path: plan.gateway.fastPath,
    devices: plan.gateway.links.map((link) => link.interface),
    connections: plan.table.max,
  };
  const changed = outcome.changes.length > 0;
  return dry ? fastPathOutcome(wish, changed) : settleFastPath(wish, changed);
}

const FAST_PATH: Readonly<Record<FastPathOutcome, string | undefined>> = {
  off: undefined,
  kept: undefined,
  "turned-on": "fast path: on",
  "turned-off": "fast path: off",
  forgotten: "fast path: learns every connection anew",
};

function text(output: Output, outcome: ApplyOutcome, fastPath: string | undefined): NonNullable<CommandResult["text"]> {
  const { gateway, changes, script, notices, leftOut } = outcome;
  const count = `${changes.length} change${changes.length === 1 ? "" : "s"}`;
  const heads: Readonly<Record<string, string>> = {
    applied: `applied gateway ${gateway}: ${count}`,
    unchanged: `gateway ${gateway} is in place, nothing to change`,
    "would-apply": `would apply gateway ${gateway}: ${count}`,
  };
  const rules = outcome.outcome === "would-apply" && script !== "" ? ["", "nft transaction:", script.trimEnd()] : [];
  const head = output.paint("good", heads[outcome.outcome] ?? outcome.outcome);
  return [
    head,
    ...changeLines(changes),
    ...(fastPath === undefined ? [] : [`  ${fastPath}`]),
    ...remarkLines(output, leftOut, notices),
    ...rules,
  ].join("\n");
}

function notApplied({ outcome, gateway, problems, undone }: ApplyOutcome): CommandError {
  const first = problems[0];
  const rest = problems.slice(1).map(({ message }) => message);
  const state =
    outcome === "refused"
      ? "nothing was changed"
      : undone?.complete === true
        ? `step "${undone.failedStep}" failed; the old state is back`
        : `step "${undone?.failedStep ?? ""}" failed, and not all could be put back: ${(undone?.left ?? []).map((left) => left.message).join("; ")}`;
  return new CommandError({
    code: first?.code ?? "not-applied",
    message: `cannot apply gateway ${gateway}: ${[first?.message ?? "no reason given", ...rest].join("; ")} (${state})`,
    remedy: first?.fix ?? "try again",
  });
}
