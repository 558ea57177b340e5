import type { FlowReport } from "../../../observe/flows/flow-order.ts";
import { formatCount, formatNoun } from "../../../plan/figures.ts";
import { agreed } from "../../agreed.ts";
import { command } from "../../command.ts";
import { CommandError } from "../../failure.ts";
import { FLOW_FILTER_ALIASES, FLOW_FILTER_FLAGS, flowFilter, type FlowFilterFlags } from "../../flow-filter.ts";
import { READING_JSON, readingLines } from "../../flows-text.ts";

interface Flags extends FlowFilterFlags {
  readonly all: boolean;
  readonly yes: boolean;
}

/** Removes connections from the kernel's table. */
export const flowsDelete = command<Flags, []>({
  brief: "Remove connections from the kernel's table; says how many and asks first",
  description: [
    "Counts the connections that the filters leave, asks, and removes each by its tuple, zone and id, so that a new",
    "connection of the same tuple stays. What is gone before its turn is counted as missed. A removed connection that",
    "goes on is translated anew, most often by another port: it breaks.",
  ].join("\n"),
  examples: [
    ["meganat flows delete --subscriber 10.10.1.7", "cut off one subscriber's connections, after a question"],
    ["meganat flows delete --pool 61.138.177.9 --yes", "all by one public address, without a question"],
  ],
  json: [
    ["found", "connections that the filters left when they were counted"],
    ["removed", "removed"],
    ["missed", "gone before they could be removed"],
    ["reading", READING_JSON],
  ],
  parameters: {
    flags: {
      all: { kind: "boolean", brief: "Without a filter: every connection there is", default: false },
      yes: { kind: "boolean", brief: "Do not ask", default: false },
      ...FLOW_FILTER_FLAGS,
    },
    aliases: { y: "yes", ...FLOW_FILTER_ALIASES },
  },
  run: async ({ output, netns }, flags) => {
    const filter = flowFilter(flags);
    if (Object.keys(filter).length === 0 && !flags.all) throw withoutFilter();
    const { readFlows } = await import("../../../observe/flows/read-flows.ts");
    const counted = await readFlows({ namespace: netns, filter, task: { kind: "count" } });
    const found = counted.matched;
    if (
      found > 0 &&
      !flags.yes &&
      !(await agreed(
        `Remove ${formatNoun(found, "connection")}?`,
        `${formatNoun(found, "connection")} would be removed`,
      ))
    ) {
      return {
        json: { found, removed: 0, missed: 0, reading: counted.scan },
        text: "nothing was removed",
        status: 1,
      };
    }
    if (found > 0) output.progress(`removing ${formatNoun(found, "connection")}`);
    const report: FlowReport =
      found === 0 ? counted : await readFlows({ namespace: netns, filter, task: { kind: "delete" } });
    const { removed, missed } = report.deleted ?? { removed: 0, missed: 0 };
    const text = [
      `${formatNoun(removed, "connection")} removed of ${formatCount(found)} found` +
        (missed === 0 ? "" : `; ${formatCount(missed)} were gone before their turn`),
      ...readingLines(counted),
    ].join("\n");
    return { json: { found, removed, missed, reading: report.scan }, text };
  },
});

function withoutFilter(): CommandError {
  return new CommandError(
    {
      code: "usage",
      message: "no filter says which connections to remove",
      remedy: "name some, as in --subscriber 10.10.1.7; --all means every connection there is",
    },
    2,
  );
}
