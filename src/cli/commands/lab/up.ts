import { remarkLines } from "../../apply-text.ts";
import { handOverUnlessRoot } from "../../as-root.ts";
import { command } from "../../command.ts";
import { readGatewayFile } from "../../gateway-file.ts";
import { FILE_PARAMETER } from "../../parameters.ts";

interface Flags {
  readonly id?: string;
  readonly bare: boolean;
}

/** Brings up the replica of a gateway. */
export const labUp = command<Flags, [file: string]>({
  brief: "Build a replica of a gateway in network namespaces and apply the file there",
  description: [
    "Builds three network namespaces: the gateway with the links and addresses of the file, a subscribers' side that has",
    "every inside address, and an internet side that answers on every address, with HTTP on ports 80 and 8080 and echo",
    "on port 7 (TCP and UDP). Then it applies the file to the gateway. Nothing outside the namespaces is touched, but for",
    "limits of the whole host, which are raised for as long as labs need them. It stays until `meganat lab down`.",
    "Without root it works in a user namespace, with what that allows.",
  ].join("\n"),
  examples: [
    ["meganat lab up examples/campus.yaml --id campus", "build the replica and name it"],
    ["meganat lab exec campus --side inside -- ping -c 1 -I 10.10.1.5 8.8.8.8", "a subscriber reaches the internet"],
    ["meganat lab down campus", "take it down"],
  ],
  json: [
    ["id", "the lab's name, for the other lab commands"],
    ["gateway", "name of the gateway"],
    ["namespaces", "{ gateway, inside, outside }: as `ip netns list` shows them"],
    ["applied", "false with --bare"],
    ["notices", "what else there is to know: { code, message, fix }"],
  ],
  parameters: {
    flags: {
      id: {
        kind: "parsed",
        brief: "The lab's name: up to 16 of a-z, 0-9 and -",
        placeholder: "name",
        parse: String,
        optional: true,
      },
      bare: { kind: "boolean", brief: "Do not apply the file to the gateway", default: false },
    },
    positional: { kind: "tuple", parameters: [FILE_PARAMETER] },
  },
  run: async ({ output }, { id, bare }, file) => {
    const { gateway } = await readGatewayFile(file);
    const elsewhere = await handOverUnlessRoot(true);
    if (elsewhere !== undefined) return elsewhere;
    const [{ bringUpLab }, { applyInLab }] = await Promise.all([
      import("../../../lab/lab.ts"),
      import("../../../lab/apply-in-lab.ts"),
    ]);
    // Ours until the file is applied: if this process dies before that, no half-made lab stays.
    const lab = await bringUpLab(gateway, { life: "process", ...(id === undefined ? {} : { id }) });
    let notices: readonly { code: string; message: string; fix: string }[] = [];
    try {
      if (!bare) notices = applyInLab(lab).outcome.notices;
      await lab.keep();
    } catch (error) {
      await lab.close();
      throw error;
    }
    const { namespaces } = lab.topology;
    const lines = [
      output.paint("good", `lab ${lab.id} is up, gateway ${gateway.name} ${bare ? "not applied" : "applied"}`),
      `  gateway   ${namespaces.gateway}`,
      `  inside    ${namespaces.inside}`,
      `  outside   ${namespaces.outside}`,
      `try: meganat lab exec ${lab.id} -- conntrack -L`,
      `end: meganat lab down ${lab.id}`,
      ...remarkLines(output, [], notices),
    ];
    return { json: { id: lab.id, gateway: gateway.name, namespaces, applied: !bare, notices }, text: lines.join("\n") };
  },
});
