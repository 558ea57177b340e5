import { handOverUnlessRoot } from "../../as-root.ts";
import { command } from "../../command.ts";

interface Flags {
  readonly side: "gateway" | "inside" | "outside";
}

/** Runs a program in a lab. */
export const labExec = command<Flags, string[]>({
  brief: "Run a program in one of a lab's namespaces",
  description: [
    "Runs a program in the gateway's namespace of a lab, or on the subscribers' or the internet side. Everything after",
    "-- belongs to the program. The exit status is the program's.",
  ].join("\n"),
  examples: [
    ["meganat lab exec campus -- nft list table ip meganat", "the rules in the gateway"],
    ["meganat lab exec campus -- conntrack -L", "the connections it translates"],
    ["meganat lab exec campus --side inside -- ping -c 1 -I 10.10.1.5 8.8.8.8", "be a subscriber"],
  ],
  json: [],
  parameters: {
    flags: {
      side: { kind: "enum", values: ["gateway", "inside", "outside"], brief: "Which namespace", default: "gateway" },
    },
    positional: {
      kind: "array",
      minimum: 2,
      parameter: {
        brief: "The lab's name, then the program and its arguments",
        placeholder: "id command",
        parse: String,
      },
    },
  },
  run: async (_context, { side }, id, program, ...args) => {
    const elsewhere = await handOverUnlessRoot(true);
    if (elsewhere !== undefined) return elsewhere;
    const { execInLab } = await import("../../../lab/lab.ts");
    return { handedOver: await execInLab(id ?? "", side, [program ?? "", ...args]) };
  },
});
