import { fileURLToPath } from "node:url";
import { handOverUnlessRoot } from "../as-root.ts";
import { command } from "../command.ts";
import { readGatewayFile } from "../gateway-file.ts";
import { parseCount } from "../whole-number.ts";

interface Flags {
  readonly connections?: number;
  readonly keep: boolean;
}

const PACKAGE = fileURLToPath(new URL("../../../", import.meta.url));
const EXAMPLE = "examples/campus.yaml";
const MOST_CONNECTIONS = 40_000_000;

/** Shows a gateway at work, in network namespaces. */
export const demo = command<Flags, [file?: string]>({
  brief: "Show a gateway at work: real traffic and a million translations, in network namespaces",
  description: [
    "Builds the replica of a gateway in network namespaces, applies the file to it, downloads by HTTP through it, sends",
    "UDP and ping, shows a few translations as both sides see them, and then fills it with translations until it holds a",
    "million. The kernel's own count, read independently, is the proof. Everything is cleaned up at the end; nothing",
    "outside the namespaces is touched, but for limits of the whole host, which are raised meanwhile and put back.",
    "Without root it works in a user namespace, with fewer translations.",
  ].join("\n"),
  examples: [
    ["meganat demo", "the campus of examples/campus.yaml: 10,000 subscribers on 28 addresses"],
    ["meganat demo --connections 100k --json", "smaller, and for programs"],
    ["meganat demo --keep", "leave the lab standing to look around in it"],
  ],
  json: [
    ["translations", "distinct connections whose translated packets arrived outside, counted there"],
    ["kernelCount", "entries in the gateway's connection table, read from the kernel"],
    ["subscribers", "inside hosts that had translations"],
    ["blocks", "{ ports, kept, left }: subscribers that kept to their port block, as seen from outside"],
    ["poolAddresses", "public addresses of the pool; `poolAddressesUsed` of them were used"],
    ["seconds", "from start to end, cleaning up included"],
    ["requested", "translations asked for; `refused` of them were not made"],
    ["rate", "new translations a second while filling, for `fillSeconds`"],
    ["method", "how connections were made: xdp or packet-socket"],
    ["before, held", "real traffic before the fill and while all is held: { http, udp, ping }"],
    ["samples", "a few translations as both sides and the kernel see them"],
    ["leftOut", "what this machine or user cannot do, in words"],
    ["ok", "true when both counts reached the number asked for"],
  ],
  parameters: {
    flags: {
      connections: {
        kind: "parsed",
        brief: "Translations to hold, as in 1000000, 500k or 1M; default 1M, without eBPF 100k",
        placeholder: "count",
        parse: (text) => parseCount(text, 1, MOST_CONNECTIONS),
        optional: true,
      },
      keep: { kind: "boolean", brief: "Leave the lab standing at the end", default: false },
    },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "A gateway file; by default the example campus", placeholder: "file", parse: String, optional: true },
      ],
    },
  },
  run: async ({ output }, { connections, keep }, file) => {
    const { gateway } = await readGatewayFile(file ?? PACKAGE + EXAMPLE);
    const elsewhere = await handOverUnlessRoot(keep);
    if (elsewhere !== undefined) return elsewhere;
    const [{ runDemo }, { describeResult }] = await Promise.all([
      import("../../lab/demo/demo.ts"),
      import("../../lab/demo/steps-text.ts"),
    ]);
    const ending = new AbortController();
    const end = (): void => ending.abort();
    process.once("SIGINT", end).once("SIGTERM", end);
    try {
      const result = await runDemo({
        gateway,
        keep,
        say: output.say,
        progress: output,
        signal: ending.signal,
        ...(connections === undefined ? {} : { connections }),
      });
      const text = describeResult(result, ...callWords(file));
      return { json: result, text, status: result.ok ? 0 : 1 };
    } finally {
      process.off("SIGINT", end).off("SIGTERM", end);
    }
  },
});

// In a checkout the command is bin/meganat and the example lies below; elsewhere it is on the path.
function callWords(file: string | undefined): [command: string, file: string] {
  const inCheckout = `${process.cwd()}/` === PACKAGE;
  return [inCheckout ? "bin/meganat" : "meganat", file ?? (inCheckout ? EXAMPLE : PACKAGE + EXAMPLE)];
}
