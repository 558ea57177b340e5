import { command } from "../command.ts";
import { planFile, refusal } from "../gateway-file.ts";
import { FILE_PARAMETER } from "../parameters.ts";

interface Flags {
  readonly withoutPaper: boolean;
}

/** Says what a gateway file means on this host, before anything is touched. */
export const plan = command<Flags, [file: string]>({
  brief: "Say what a gateway file means on this host: capacity, memory, timers, settings",
  description: [
    "Works out what a gateway file means on this host: translations possible at once, port blocks, size and memory of",
    "the connection table, timers with their price, and every kernel setting as it is and as it should be, with the",
    "reason; and of the network cards that are in this host. It refuses what cannot work and warns of what will hurt. Nothing is changed.",
  ].join("\n"),
  examples: [
    ["meganat plan examples/campus.yaml", "what does this file take?"],
    ["meganat plan examples/campus.yaml --json", "the same for programs"],
  ],
  json: [
    ["gateway", "name of the gateway"],
    ["applicable", "false when a problem is an error"],
    ["problems", "errors and warnings: { code, severity, file, line, column, message, fix }"],
    ["sources", "for each source-nat rule: subscribers, public addresses, port blocks, translations per destination"],
    ["exhaustion", "for each rule with shared ports: the chance that a connection is refused"],
    ["table", "connection table: entries, buckets, bytes, memory"],
    ["rates", "connections per second that the table and the timers allow"],
    ["neighbours", "size of the neighbour table"],
    ["timeouts", "each timeout: now, proposed, minimum of the RFCs, entries saved"],
    ["sysctls", "each kernel setting: now, proposed, scope, reason"],
    ["uplinks", "for each uplink: who leaves by it, and what its failure costs; absent without uplinks"],
    ["networkCards", "those of the file that are here: { cards, host } as `meganat tune` has them; absent if none is"],
    ["paper", "the paper's figures beside ours"],
  ],
  parameters: {
    flags: { withoutPaper: { kind: "boolean", brief: "Leave the paper's figures out", default: false } },
    positional: { kind: "tuple", parameters: [FILE_PARAMETER] },
  },
  run: async ({ output, netns }, { withoutPaper }, file) => {
    const { plan: planned, problems } = await planFile(file, { netns, values: "now", evenIfRefused: true });
    const [{ planText }, { planJson }, { gatewayCards }] = await Promise.all([
      import("../plan-text.ts"),
      import("../plan-json.ts"),
      import("../gateway-cards.ts"),
    ]);
    const refused = problems.some((problem) => problem.severity === "error");
    // The refusal in its usual form comes last; with --json it is the one object.
    if (refused && output.json) throw await refusal(problems);
    const width = process.stdout.columns ?? 100;
    const cards = await gatewayCards(netns, planned.gateway);
    return {
      json: planJson(planned, problems, cards),
      text: planText(planned, { width, paint: output.paint, withoutPaper, problems, cards }),
      status: refused ? 1 : 0,
    };
  },
});
