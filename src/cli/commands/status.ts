import type { FastPathStatus } from "../../fastpath/status.ts";
import type { Installation } from "../../apply/boot/installation.ts";
import type { UplinksStatus } from "../../uplinks/status.ts";
import { uplinkLines } from "../uplinks-text.ts";
import type { GatewayStatus } from "../../apply/status.ts";
import { remarkLines, changeLines } from "../apply-text.ts";
import { command } from "../command.ts";
import { planFile } from "../gateway-file.ts";
import { fastPathLines } from "../fastpath-text.ts";
import { flowtableDevices, flowtableLines } from "../flowtable-text.ts";
import { occupancyLines, occupancyRows, type OccupancyRow } from "../occupancy-text.ts";
import type { LimitUse } from "../../observe/limits.ts";
import { limitUseLines } from "../limit-use-text.ts";
import type { Output } from "../output.ts";
import { CONFIG_FLAG } from "../parameters.ts";

interface Flags {
  readonly config?: string;
  readonly quick: boolean;
}

/** Says how the gateway stands in the kernel. */
export const status = command<Flags, []>({
  brief: "Say how the gateway stands: rules, drift, table use, occupancy",
  description: [
    "Reads from the kernel what `meganat apply` left there: whether rules, settings, addresses and routes are as they",
    "were put, or what someone has changed since; how full the connection table is; and how much of each public address",
    "is in use. With the gateway file, also what applying it would change, and public addresses not in use.",
    "Exit status 1 if anything is not as it was applied, or nothing is.",
  ].join("\n"),
  examples: [
    ["meganat status", "is everything in place?"],
    ["meganat status --quick", "without reading the connection table, which takes 2 s for each million connections"],
    ["meganat status -c gateway.yaml", "and what would applying this file change?"],
  ],
  json: [
    ["state", "in-place, drifted, interrupted, unrecorded or absent"],
    ["gateway", "name of the gateway"],
    ["rules", "name and fingerprint of the rules in place"],
    ["appliedAt", "when, ISO 8601"],
    ["connections", "{ count, max, buckets } of the connection table"],
    [
      "occupancy",
      "for each public address: { address, connections, ports, portsAvailable?, hosts }; absent with --quick",
    ],
    [
      "limits",
      "what the limits did: { refused: [{ address, connections, rate }], shaped: [{ interface, classes, bytes, drops, backlogBytes, held }] }; absent without limits",
    ],
    [
      "uplinks",
      "{ watched, uplinks: [{ link, interface, via, inUse, up, since, cause, asked, lost }] }: whether new connections may take it, whether its provider works since when, and probes of the last minute; absent without uplinks",
    ],
    ["fastPath", "what `meganat fastpath status` says; absent when it is off"],
    ["counters", "the rules' counters: { name, packets, bytes }"],
    ["leftOut", "what the last apply had to leave out: { code, message, fix }"],
    ["drift", "what someone has changed: { code, message, fix }"],
    ["interrupted", "an apply or remove that broke off: { message, fix }"],
    ["installed", "what comes up at boot: { gateway, state, files, fix? }; absent when nothing is installed"],
    ["pending", "with a file: what applying it would change, in words"],
    ["problems", "why it could not be applied: { code, message, fix }"],
    ["notices", "what else there is to know: { code, message, fix }"],
  ],
  parameters: {
    flags: {
      config: { ...CONFIG_FLAG, optional: true },
      quick: { kind: "boolean", brief: "Leave the occupancy out", default: false },
    },
    aliases: { c: "config" },
  },
  run: async ({ output, netns }, { config, quick }) => {
    const plan = config === undefined ? undefined : (await planFile(config, { netns })).plan;
    const { gatewayStatus } = await import("../../apply/status.ts");
    const desired = plan === undefined ? {} : { desired: (await import("../../render/render.ts")).renderState(plan) };
    const found = gatewayStatus({ namespace: netns, ...desired });
    const { readInstallation } = await import("../../apply/boot/installation.ts");
    const installed = netns === undefined ? readInstallation() : undefined;
    const { readFastPathStatus } = await import("../../fastpath/status.ts");
    const { readFlowtable } = await import("../../fastpath/flowtable.ts");
    const programs = readFastPathStatus({ netns });
    const flowtable = readFlowtable(netns);
    const fastPath = flowtable === undefined ? programs : { ...flowtable, devices: flowtableDevices(flowtable) };
    const fastPathText = flowtable === undefined ? programLines(output, programs) : flowtableLines(output, flowtable);
    const { readLimitUse } = await import("../../observe/limits.ts");
    const limits = found.state === "absent" ? undefined : readLimitUse(netns);
    const { readUplinks } = await import("../../uplinks/status.ts");
    const uplinks = found.state === "absent" ? undefined : readUplinks(netns);
    const rows = quick || found.state === "absent" ? undefined : await occupancyRows(netns, plan);
    const finding =
      found.state !== "in-place" ||
      found.problems.length > 0 ||
      found.leftOut.length > 0 ||
      installed?.fix !== undefined ||
      programs?.whole === false ||
      uplinks?.watched === false ||
      uplinks?.uplinks.every(({ inUse, up }) => inUse && up === true) === false;
    return {
      json: {
        ...found,
        ...(installed === undefined ? {} : { installed }),
        ...(fastPath === undefined ? {} : { fastPath }),
        ...(uplinks === undefined ? {} : { uplinks }),
        ...(limits === undefined ? {} : { limits }),
        ...(rows === undefined ? {} : { occupancy: rows }),
      },
      text: statusText(output, found, rows, { installed, fastPathText, limits, uplinks }),
      status: finding ? 1 : 0,
    };
  },
});

/** Nothing when it is off. */
function programLines(output: Output, status: FastPathStatus | undefined): string[] {
  return status === undefined ? [] : fastPathLines(output, status).filter((line) => line !== "");
}

const STATES: Readonly<Record<GatewayStatus["state"], string>> = {
  "in-place": "in place, as applied",
  drifted: "changed by someone since it was applied",
  interrupted: "half done: an apply or remove broke off",
  unrecorded: "there, but nothing is recorded of its apply",
  absent: "no gateway is applied here",
};

/** What stands beside the rules. */
interface Beside {
  readonly installed: Installation | undefined;
  readonly fastPathText: readonly string[];
  readonly limits: LimitUse | undefined;
  readonly uplinks: UplinksStatus | undefined;
}

function statusText(
  output: Output,
  found: GatewayStatus,
  rows: readonly OccupancyRow[] | undefined,
  { installed, fastPathText, limits, uplinks }: Beside,
): string {
  const { state, gateway, rules, appliedAt, connections, counters, drift, interrupted, pending } = found;
  const style = state === "in-place" ? "good" : state === "absent" ? "quiet" : "bad";
  const { count, max, buckets } = connections;
  const share = count === undefined || max === undefined ? "" : ` (${((100 * count) / max).toFixed(1)} %)`;
  const lines = [
    `gateway      ${gateway ?? "-"}`,
    `state        ${output.paint(style, STATES[state])}`,
    ...(appliedAt === undefined ? [] : [`applied      ${appliedAt}`]),
    ...(rules === undefined ? [] : [`rules        ${rules}`]),
    ...installedLines(output, installed),
    ...fastPathText,
    `connections  ${String(count ?? "unknown")} of ${String(max ?? "unknown")}${share}, ${String(buckets ?? "unknown")} buckets`,
  ];
  if (uplinks !== undefined) lines.push("", output.paint("heading", "Uplinks"), ...uplinkLines(output, uplinks));
  if (rows !== undefined) lines.push("", output.paint("heading", "Public addresses"), ...occupancyLines(rows));
  if (limits !== undefined) lines.push("", output.paint("heading", "Limits"), ...limitUseLines(limits));
  const counted = counters.filter(({ packets }) => packets > 0);
  if (counted.length > 0) {
    lines.push("", output.paint("heading", "Counters"));
    for (const { name, packets, bytes } of counted) lines.push(`  ${name}  ${packets} packets, ${bytes} bytes`);
  }
  if (drift.length > 0) lines.push("", output.paint("heading", "Changed by someone else"));
  lines.push(...remarkLines(output, drift, []));
  if (found.leftOut.length > 0) lines.push("", output.paint("heading", "Left out by the last apply"));
  lines.push(...remarkLines(output, found.leftOut, []));
  if (interrupted !== undefined) lines.push("", interrupted.message, `  fix: ${interrupted.fix}`);
  if (pending !== undefined) {
    lines.push("", output.paint("heading", "Applying the file would change"));
    lines.push(...(pending.length === 0 ? ["  nothing"] : changeLines(pending)));
  }
  return [...lines, ...remarkLines(output, found.problems, found.notices)].join("\n");
}

const INSTALLED: Readonly<Record<Installation["state"], string>> = {
  installed: "comes up",
  changed: "files of its install were changed since",
  half: "half: an install or uninstall broke off",
};

function installedLines(output: Output, installed: Installation | undefined): string[] {
  if (installed === undefined) return [];
  const { gateway, state, files, fix } = installed;
  return [
    `at boot      gateway ${gateway}: ${output.paint(fix === undefined ? "good" : "bad", INSTALLED[state])}`,
    ...files.map((file) => `             ${file}`),
    ...(fix === undefined ? [] : [`  fix: ${fix}`]),
  ];
}
