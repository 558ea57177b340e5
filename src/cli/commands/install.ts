import { totalmem } from "node:os";
import { resolve } from "node:path";
import type { InstallStep } from "../../apply/boot/install.ts";
import type { BootFile } from "../../render/boot/boot-file.ts";
import { bootSystemOf, type BootSystemFlags } from "../boot-system.ts";
import { bootFileLines, installNotes, stepLines } from "../install-text.ts";
import { remarkLines } from "../apply-text.ts";
import { command } from "../command.ts";
import { planFile, problemJson } from "../gateway-file.ts";
import { FILE_PARAMETER, ROOT_FLAG } from "../parameters.ts";
import { stockPlan } from "../stock-plan.ts";

interface Flags extends BootSystemFlags {
  readonly dryRun: boolean;
}

/** Makes a gateway file permanent. */
export const install = command<Flags, [file: string]>({
  brief: "Make the gateway come up at boot",
  description: [
    "Writes what makes a gateway file permanent: a copy of it and of its rules in /etc/meganat, module parameters,",
    "kernel settings, and units for systemd (or scripts for OpenRC). At boot the rules are loaded before any interface",
    "is configured, and forwarding is turned on last, so that no packet leaves untranslated. A second install writes",
    "only what differs; `meganat uninstall` takes every file away. The running kernel is not touched: that is what",
    "`meganat apply` does, or the next boot.",
    "",
    "--root DIR installs into the system in a directory: an image that is being built, or another disk.",
  ].join("\n"),
  examples: [
    ["meganat install gateway.yaml --dry-run", "every file with its content and reason"],
    ["meganat install gateway.yaml", "from the next boot on"],
    ["meganat install gateway.yaml --root /mnt --meganat /opt/meganat/bin/meganat", "into an image mounted at /mnt"],
  ],
  json: [
    ["outcome", "installed, unchanged or would-install"],
    ["gateway", "name of the gateway"],
    ["root", "the directory of the system"],
    ["init", "systemd or openrc"],
    ["files", "{ path, action, edited, reason?, text?, linkTo? }; action is create, change, keep or remove"],
    ["repaired", "true when an install or uninstall had broken off, and this one finished it"],
    ["warnings", "the plan's: { code, severity, file, line, column, message, fix }"],
    ["notices", "what else there is to know: { code, message, fix }"],
  ],
  parameters: {
    flags: {
      root: ROOT_FLAG,
      dryRun: { kind: "boolean", brief: "Show every file with its content, and write nothing", default: false },
      init: {
        kind: "enum",
        values: ["systemd", "openrc"],
        brief: "What starts services there; found out unless said",
        optional: true,
      },
      node: {
        kind: "parsed",
        brief: "Node.js in that system; unless said, where it is here",
        placeholder: "path",
        parse: String,
        optional: true,
      },
      meganat: {
        kind: "parsed",
        brief: "The command meganat in that system; unless said, where it is here",
        placeholder: "path",
        parse: String,
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [FILE_PARAMETER] },
  },
  run: async ({ output }, flags, file) => {
    const root = resolve(flags.root);
    const system = await bootSystemOf(flags);
    const { plan, problems, text } = await planFile(file, { netns: undefined, elsewhere: root !== "/" });
    const { bootFiles } = await import("../../render/boot/boot-files.ts");
    // A plan of the machine as it is now would leave out what an earlier install has set already.
    const files = bootFiles(await stockPlan(plan.gateway, root === "/" ? totalmem() : undefined), text, system);
    const { installGateway, planInstall } = await import("../../apply/boot/install.ts");
    const source = root === "/" && file !== "-" ? resolve(file) : undefined;
    const options = { root, gateway: plan.gateway.name, files, source };
    const { steps, repaired } = flags.dryRun ? planInstall(options) : installGateway(options);
    const notices = await installNotes(root, system, plan.gateway, steps);
    const outcome = flags.dryRun
      ? "would-install"
      : steps.every(({ action }) => action === "keep") && !repaired
        ? "unchanged"
        : "installed";
    const head = {
      "would-install": `would install gateway ${plan.gateway.name} in ${root}`,
      unchanged: `gateway ${plan.gateway.name} is installed in ${root}, nothing to change`,
      installed: `installed gateway ${plan.gateway.name} in ${root}: it comes up at the next boot`,
    }[outcome];
    return {
      json: {
        outcome,
        gateway: plan.gateway.name,
        root,
        init: system.init,
        files: steps.map((step) => fileJson(step, files)),
        repaired,
        warnings: problems.map(problemJson),
        notices,
      },
      text: [
        output.paint("good", head),
        ...stepLines(steps, files),
        ...(flags.dryRun ? bootFileLines(output, steps, files) : []),
        ...remarkLines(output, [], notices),
      ].join("\n"),
    };
  },
});

function fileJson(step: InstallStep, files: readonly BootFile[]): object {
  const file = files.find(({ path }) => path === step.path);
  return file === undefined ? step : { ...step, reason: file.reason, ...file.content };
}
