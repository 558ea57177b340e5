import { command } from "../command.ts";
import { planFile } from "../gateway-file.ts";
import { FILE_PARAMETER } from "../parameters.ts";

interface Flags {
  readonly format: "nft" | "iptables" | "sysctl";
}

/** Writes what a gateway file means in another program's words. */
export const render = command<Flags, [file: string]>({
  brief: "Write a gateway file's rules or settings for nft, iptables or sysctl",
  description: [
    "Prints what a gateway file means in the words of another program:",
    "",
    "  nft       the ruleset as `nft -f` takes it; applying to a namespace without one sends this text",
    "  iptables  for `iptables-restore --noflush`, as far as iptables can say it; the top says what it cannot",
    "  sysctl    the kernel settings as a file for /etc/sysctl.d",
  ].join("\n"),
  examples: [
    ["meganat render examples/campus.yaml --format nft | head -40", "look at the ruleset"],
    ["meganat render examples/campus.yaml --format nft | nft -c -f -", "let nft check it (as root)"],
    ["meganat render examples/campus.yaml --format sysctl > campus.conf", "settings for another machine"],
  ],
  json: [
    ["gateway", "name of the gateway"],
    ["format", "nft, iptables or sysctl"],
    ["text", "the text"],
  ],
  parameters: {
    flags: {
      format: { kind: "enum", values: ["nft", "iptables", "sysctl"], brief: "Whose words", default: "nft" },
    },
    positional: { kind: "tuple", parameters: [FILE_PARAMETER] },
  },
  run: async ({ netns }, { format }, file) => {
    const { plan } = await planFile(file, { netns });
    const text = await write(plan, format);
    return { json: { gateway: plan.gateway.name, format, text }, text };
  },
});

async function write(plan: Awaited<ReturnType<typeof planFile>>["plan"], format: Flags["format"]): Promise<string> {
  if (format === "iptables") return (await import("../../render/iptables.ts")).writeIptables(plan);
  if (format === "sysctl") {
    const { sysctlSettings, writeSysctlConf } = await import("../../render/sysctl.ts");
    return writeSysctlConf(plan.gateway.name, sysctlSettings(plan));
  }
  const [{ renderState }, { writeRuleset }] = await Promise.all([
    import("../../render/render.ts"),
    import("../../render/nft-text.ts"),
  ]);
  return writeRuleset(renderState(plan).ruleset);
}
