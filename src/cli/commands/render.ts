import { command } from "../command.ts";
import { planFile } from "../gateway-file.ts";
import { FILE_PARAMETER } from "../parameters.ts";
import { stockPlan } from "../stock-plan.ts";

const FORMATS = ["nft", "iptables", "sysctl", "modprobe", "systemd", "networkd", "ifupdown", "ifcfg"] as const;

type Format = (typeof FORMATS)[number];

interface Flags {
  readonly format: Format;
}

/** Writes what a gateway file means in another program's words. */
export const render = command<Flags, [file: string]>({
  brief: "Write a gateway file's rules, settings or links for other programs",
  description: [
    "Prints what a gateway file means in the words of another program:",
    "",
    "  nft       the ruleset as `nft -f` takes it; applying to a namespace without one sends this text",
    "  iptables  for `iptables-restore --noflush`, as far as iptables can say it; the top says what it cannot",
    "  sysctl    the kernel settings as a file for /etc/sysctl.d",
    "  modprobe  module parameters as a file for /etc/modprobe.d: the hash size, which counts at boot only",
    "  systemd   the units that `meganat install` writes",
    "  networkd, ifupdown, ifcfg",
    "            the links with their addresses and routes for systemd-networkd, Debian's /etc/network/interfaces.d or",
    "            Red Hat's network scripts, for those who keep links in their own system; apply finds them there",
  ].join("\n"),
  examples: [
    ["meganat render examples/campus.yaml --format nft | head -40", "look at the ruleset"],
    ["meganat render examples/campus.yaml --format nft | nft -c -f -", "let nft check it (as root)"],
    ["meganat render examples/campus.yaml --format sysctl > campus.conf", "settings for another machine"],
    ["meganat render examples/campus.yaml --format ifcfg", "the links as the paper had them"],
  ],
  json: [
    ["gateway", "name of the gateway"],
    ["format", "the format asked for"],
    ["text", "the text"],
  ],
  parameters: {
    flags: {
      format: { kind: "enum", values: FORMATS, brief: "Whose words", default: "nft" },
    },
    positional: { kind: "tuple", parameters: [FILE_PARAMETER] },
  },
  run: async ({ netns }, { format }, file) => {
    const { plan } = await planFile(file, { netns });
    const text = await WRITERS[format](plan);
    return { json: { gateway: plan.gateway.name, format, text }, text };
  },
});

type Planned = Awaited<ReturnType<typeof planFile>>["plan"];

const WRITERS: Readonly<Record<Format, (plan: Planned) => Promise<string>>> = {
  nft: async (plan) => {
    const [{ renderState }, { writeRuleset }] = await Promise.all([
      import("../../render/render.ts"),
      import("../../render/nft-text.ts"),
    ]);
    return writeRuleset(renderState(plan).ruleset);
  },
  iptables: async (plan) => (await import("../../render/iptables.ts")).writeIptables(plan),
  sysctl: async (plan) => {
    const { sysctlSettings, writeSysctlConf } = await import("../../render/sysctl.ts");
    return writeSysctlConf(plan.gateway.name, sysctlSettings(plan));
  },
  modprobe: async ({ gateway }) => {
    const { writeModprobeConf } = await import("../../render/boot/modprobe.ts");
    return writeModprobeConf(await stockPlan(gateway)) ?? "# The kernel's own sizes will do: no parameters needed.\n";
  },
  systemd: async ({ gateway }) => {
    const [{ bootSystemHere }, { writeGatewayUnit, writeRulesUnit }, { writeUplinksUnit }] = await Promise.all([
      import("../boot-system.ts"),
      import("../../render/boot/systemd-units.ts"),
      import("../../render/boot/uplinks-unit.ts"),
    ]);
    const system = await bootSystemHere("systemd");
    return [
      "# /etc/systemd/system/meganat-rules.service",
      writeRulesUnit(gateway.name, system),
      "# /etc/systemd/system/meganat.service",
      writeGatewayUnit(gateway.name, system),
      ...(gateway.uplinks === undefined
        ? []
        : ["# /etc/systemd/system/meganat-uplinks.service", writeUplinksUnit(gateway.name, system)]),
    ].join("\n");
  },
  networkd: async ({ gateway }) => (await import("../../render/network/networkd.ts")).writeNetworkd(gateway),
  ifupdown: async ({ gateway }) => (await import("../../render/network/ifupdown.ts")).writeIfupdown(gateway),
  ifcfg: async ({ gateway }) => (await import("../../render/network/ifcfg.ts")).writeIfcfg(gateway),
};
