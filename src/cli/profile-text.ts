import { callersOf, largestFirst, treeBelow, type CallNode } from "../observe/profile/call-tree.ts";
import type { ProfileDifference, ShareChange } from "../observe/profile/difference.ts";
import type { FoldedStacks } from "../observe/profile/fold.ts";
import type { ProfileSummary, Share } from "../observe/profile/summary.ts";
import type { Output } from "./output.ts";
import { table } from "./text-layout.ts";

const HOOKS = "nf_hook_slow";
/** Branches with a smaller share of the busy time are not printed. */
const SMALLEST_SHARE = 0.005;
const DEEPEST = 12;
const WIDTH = 110;

/** A node of the call tree as `--json` gives it. */
export interface TreeJson {
  readonly name: string;
  readonly samples: number;
  readonly children: readonly TreeJson[];
}

/** What a profile shows of NAT, for people. `named`: the kernel tells its functions' names. */
export function profileLines(output: Output, stacks: FoldedStacks, summary: ProfileSummary, named: boolean): string[] {
  const { samples, idle, user, kernel, nat, parts, functions } = summary;
  const busy = samples - idle;
  const of = (part: number): string => percent(samples === 0 ? 0 : part / samples);
  const lines = [
    `${samples} samples: ${of(idle)} idle, ${of(user)} programs, ${of(kernel)} kernel`,
    // Without names nothing can be told to be NAT.
    ...(named ? [] : ["how much of it is NAT cannot be seen without the functions' names"]),
  ];
  if (!named) return lines;
  lines.push(
    `${output.paint("heading", `NAT and connection tracking: ${percent(nat.share)}`)} of the busy time (${nat.samples} of ${busy} samples)`,
    ...shareLines(parts),
  );
  const tree = hookTree(stacks);
  if (tree !== undefined) {
    lines.push("", output.paint("heading", `Below the netfilter hooks (${HOOKS})`));
    for (const [caller, count] of callersOf(stacks, HOOKS).slice(0, 6)) {
      lines.push(`  ${percent(count / busy).padStart(7)}  called by ${caller}`);
    }
    lines.push(...treeLines(tree, busy, 0));
  }
  lines.push("", output.paint("heading", "Functions by their own time"), ...shareLines(functions));
  return lines;
}

/** The tree below the netfilter hooks, pruned, for `--json`; undefined if no sample was taken there. */
export function hookTreeJson(stacks: FoldedStacks, busy: number): TreeJson | undefined {
  const tree = hookTree(stacks);
  return tree === undefined ? undefined : treeJson(tree, busy);
}

/** The tree below the netfilter hooks, for people; empty if no sample was taken there. */
export function hookTreeLines(stacks: FoldedStacks, busy: number): string[] {
  const tree = hookTree(stacks);
  return tree === undefined ? [] : treeLines(tree, busy, 0);
}

/** How two profiles differ, for people. */
export function differenceLines(output: Output, { nat, parts, functions }: ProfileDifference): string[] {
  return [
    ...changeLines([nat]),
    "",
    output.paint("heading", "Parts of NAT"),
    ...changeLines(parts),
    "",
    output.paint("heading", "Functions whose own time changed most"),
    ...changeLines(functions),
  ];
}

function hookTree(stacks: FoldedStacks): CallNode | undefined {
  return treeBelow(stacks, HOOKS);
}

function treeLines(node: CallNode, busy: number, depth: number): string[] {
  if (node.samples / busy < SMALLEST_SHARE || depth > DEEPEST) return [];
  const line = `  ${percent(node.samples / busy).padStart(7)}  ${"  ".repeat(depth)}${node.name}`;
  return [line, ...largestFirst(node).flatMap((child) => treeLines(child, busy, depth + 1))];
}

function treeJson(node: CallNode, busy: number): TreeJson {
  const children = largestFirst(node).filter(({ samples }) => samples / busy >= SMALLEST_SHARE);
  return { name: node.name, samples: node.samples, children: children.map((child) => treeJson(child, busy)) };
}

function shareLines(shares: readonly Share[]): string[] {
  return table(
    shares.map(({ name, samples, share }) => [percent(share), String(samples), name]),
    ["right", "right", "left"],
    WIDTH,
  );
}

function changeLines(changes: readonly ShareChange[]): string[] {
  const rows = changes.map(({ name, before, after }) => {
    const points = 100 * (after - before);
    return [percent(before), percent(after), `${points > 0 ? "+" : ""}${points.toFixed(1)}`, name];
  });
  return table([["before", "after", "points", ""], ...rows], ["right", "right", "right", "left"], WIDTH);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
