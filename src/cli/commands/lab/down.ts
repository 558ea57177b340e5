import { handOverUnlessRoot } from "../../as-root.ts";
import { command } from "../../command.ts";

/** Takes a lab down. */
export const labDown = command<object, [id: string]>({
  brief: "Take a lab down, with everything in it",
  description: "Ends the lab's programs, deletes its namespaces, and gives back the limits that were raised for it.",
  examples: [["meganat lab down campus", "take the lab campus down"]],
  json: [["id", "the lab that is gone"]],
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The lab's name, as `meganat lab list` shows it", placeholder: "id", parse: String }],
    },
  },
  run: async (_context, _flags, id) => {
    const elsewhere = await handOverUnlessRoot(true);
    if (elsewhere !== undefined) return elsewhere;
    const { takeDownLab } = await import("../../../lab/lab.ts");
    takeDownLab(id);
    return { json: { id }, text: `lab ${id} is gone` };
  },
});
