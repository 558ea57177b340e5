import { command } from "../command.ts";
import { handOverUnlessRoot } from "../as-root.ts";

interface Flags {
  readonly only?: readonly string[];
  readonly fix: boolean;
}

/** Proves the doctor: plants every fault it knows in a lab, and asks it. */
export const drill = command<Flags, []>({
  brief: "Prove the doctor: plant faults in labs, ask it, and see that it stays silent about healthy ones",
  description: [
    "For every failure mode a fault is planted in a lab of its own (network namespaces of this machine, real packets), and",
    "the doctor must name it and nothing else, unless the other finding is a true consequence. Safe fixes are carried out,",
    "and the finding must be gone. Then two and three faults are planted in one lab: all must be named, the worst first.",
    "Then it looks at healthy labs: idle, a million connections held, 50,000 new ones a second, bulk TCP, an ordinary",
    "mix; there it must find nothing. Some faults lower a limit of the whole host for some",
    "seconds. Everything is put back. Takes some minutes; needs root. Exit status 1 if the doctor was wrong anywhere.",
  ].join("\n"),
  examples: [
    ["meganat drill", "all of it"],
    ["meganat drill --only table-full,idle --json", "one fault and one healthy lab"],
    ["meganat drill --only rule-drop+martians+ttl-loop", "three faults at once"],
  ],
  json: [
    ["faults", "list of { id, title, found, others, seconds, fixed?, complaint?, skipped? }"],
    [
      "together",
      "two and three faults in one lab: list of { id, title, faults, named, worstFirst, found, others, seconds, complaint?, skipped? }",
    ],
    ["clean", "list of { id, title, findings, seconds, complaint? }"],
    ["recall", "faults found of those planted, alone and together, 0 to 1"],
    ["precision", "findings that were right of all, 0 to 1"],
    ["modes", "{ planted, all, without }: failure modes with a fault"],
    ["ok", "whether the doctor was right everywhere"],
    ["stopped", "whether it was stopped before its end"],
  ],
  parameters: {
    flags: {
      only: {
        kind: "parsed",
        brief: "Only these faults, faults together (a+b) and healthy labs, by id, separated by commas",
        placeholder: "ids",
        parse: (text) => text.split(",").filter((id) => id !== ""),
        optional: true,
      },
      fix: { kind: "boolean", brief: "Carry out safe fixes and look again", default: true },
    },
  },
  run: async ({ output }, { only, fix }) => {
    const elsewhere = await handOverUnlessRoot(false);
    if (elsewhere !== undefined) return elsewhere;
    const [drilling, { resultLine, drillText }, { untilStopped }] = await Promise.all([
      import("../../lab/drill/drill.ts"),
      import("../drill-text.ts"),
      import("../until-stopped.ts"),
    ]);
    const result = await untilStopped((signal) =>
      drilling.drill({
        fix,
        signal,
        ...(only === undefined ? {} : { only }),
        onStart: (title, number, of) => output.progress(`${number}/${of} ${title}`),
        onResult: (one) => output.say(resultLine(one, output.paint)),
      }),
    );
    return { json: result, text: drillText(result, output.paint), status: result.ok ? 0 : 1 };
  },
});
