import { writeFileSync } from "node:fs";
import { command } from "../command.ts";
import { CommandError } from "../failure.ts";
import { hostInterfaces } from "../host-interfaces.ts";

interface Flags {
  readonly name: string;
  readonly force: boolean;
}

/** Writes a first gateway file. */
export const init = command<Flags, [file: string]>({
  brief: "Write a commented gateway file to start from, made from this host's interfaces",
  description: [
    "Looks at the interfaces, addresses and default route of this host and writes a gateway file with comments: the",
    "interface with the default route is the outside, the first other one with an address the inside. An existing file",
    "is never overwritten unless --force says so.",
  ].join("\n"),
  examples: [
    ["meganat init", "write gateway.yaml here"],
    ["meganat init -", "only show it"],
  ],
  json: [
    ["file", "where it was written; - is standard output, and nothing was written"],
    ["text", "what was written"],
  ],
  parameters: {
    flags: {
      name: { kind: "parsed", brief: "The gateway's name", placeholder: "name", parse: String, default: "gateway" },
      force: { kind: "boolean", brief: "Overwrite an existing file", default: false },
    },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Where to write it; - prints it", placeholder: "file", parse: String, default: "gateway.yaml" },
      ],
    },
  },
  run: async ({ netns }, { name, force }, file) => {
    const [{ starterFile }, { readGateway }] = await Promise.all([
      import("../../config/starter.ts"),
      import("../../config/read-gateway.ts"),
    ]);
    const text = starterFile(name, await hostInterfaces(netns));
    const reading = readGateway(text, { fileName: file });
    if ("problems" in reading) {
      const { refusal } = await import("../gateway-file.ts");
      throw await refusal(reading.problems);
    }
    if (file === "-") return { json: { file, text }, text };
    write(file, text, force);
    return { json: { file, text }, text: `wrote ${file}\nnext: meganat plan ${file}` };
  },
});

function write(file: string, text: string, force: boolean): void {
  try {
    writeFileSync(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    throw new CommandError({
      code: exists ? "file-exists" : "file-unwritable",
      message: `cannot write ${file}: ${exists ? "it exists already" : String(error)}`,
      remedy: exists ? "name another file, or use --force" : "name a file in a directory you may write in",
    });
  }
}
