import type { SourcePlan } from "../../plan/plan.ts";
import { mappingOf } from "../../plan/port-blocks.ts";
import type { FillReport } from "../generator/fill.ts";

/** How many subscribers kept to the port block the plan gives them, as seen from outside, over all their connections. */
export interface BlockKeeping {
  readonly ports: number;
  readonly kept: number;
  readonly left: number;
}

/** Compares what was seen outside with the plan; undefined if the rule gives no blocks. */
export function checkBlocks(
  { blocks }: Pick<SourcePlan, "blocks">,
  { mappings, moved }: Pick<FillReport, "mappings" | "moved">,
): BlockKeeping | undefined {
  if (blocks === undefined) return undefined;
  let kept = 0;
  for (const { subscriber, publicAddress, ports } of mappings) {
    const own = mappingOf(blocks, subscriber);
    if (own === undefined || own.address !== publicAddress) continue;
    if (ports.first >= own.ports.first && ports.last <= own.ports.last) kept += 1;
  }
  // A packet from a second address is no subscriber's block, whatever was seen first.
  const left = mappings.length - kept + moved;
  return { ports: blocks.size, kept, left };
}
