import { handOverUnlessRoot } from "../../as-root.ts";
import { command } from "../../command.ts";
import { table } from "../../text-layout.ts";

/** Lists the labs of this machine. */
export const labList = command<object, []>({
  brief: "List the labs of this machine",
  description:
    "Lists the labs of this machine; `stale` ones lost their owner and are removed after they have been listed, `broken` ones lost a namespace.",
  examples: [["meganat lab list", "which labs are there?"]],
  json: [["labs", "list of { id, gateway, namespaces, created, condition (up, stale or broken) }"]],
  parameters: {},
  run: async () => {
    const elsewhere = await handOverUnlessRoot(true);
    if (elsewhere !== undefined) return elsewhere;
    const [{ listLabs }, { reapStaleLabs }] = await Promise.all([
      import("../../../lab/lab.ts"),
      import("../../../lab/dismantle.ts"),
    ]);
    const labs = listLabs().map(({ id, gateway, namespaces, created, condition }) => ({
      id,
      gateway,
      namespaces,
      created,
      condition,
    }));
    reapStaleLabs();
    const rows = labs.map(({ id, gateway, created, condition }) => [id, gateway, condition, created]);
    const lines = table([["id", "gateway", "condition", "created"], ...rows], ["left", "left", "left", "left"], 100);
    return { json: { labs }, text: labs.length === 0 ? "there are no labs" : lines.join("\n") };
  },
});
