import type { FoldedStacks } from "./fold.ts";

/** A function and what it called, with the samples taken in it or below. */
export interface CallNode {
  readonly name: string;
  samples: number;
  readonly children: Map<string, CallNode>;
}

/** A node with nothing in it yet. */
export function callNode(name: string): CallNode {
  return { name, samples: 0, children: new Map() };
}

/** The tree of all stacks under one root. */
export function callTree(stacks: FoldedStacks, root = "all"): CallNode {
  const top = callNode(root);
  for (const [stack, samples] of stacks) addStack(top, stack.split(";"), samples);
  return top;
}

/**
 * The tree below a function, of all stacks that pass through it, whatever called it: from its outermost call on.
 * Undefined if none does.
 */
export function treeBelow(stacks: FoldedStacks, name: string): CallNode | undefined {
  const top = callNode(name);
  for (const [stack, samples] of stacks) {
    const frames = stack.split(";");
    const at = frames.indexOf(name);
    if (at !== -1) addStack(top, frames.slice(at + 1), samples);
  }
  return top.samples > 0 ? top : undefined;
}

/** Who called a function, and how many samples that brought: most first. */
export function callersOf(stacks: FoldedStacks, name: string): [caller: string, samples: number][] {
  const callers = new Map<string, number>();
  for (const [stack, samples] of stacks) {
    const frames = stack.split(";");
    const at = frames.indexOf(name);
    if (at < 1) continue;
    const caller = frames[at - 1] ?? "";
    callers.set(caller, (callers.get(caller) ?? 0) + samples);
  }
  return [...callers].toSorted((a, b) => b[1] - a[1]);
}

/** Children, most samples first; equal ones by name. */
export function largestFirst(node: CallNode): CallNode[] {
  return [...node.children.values()].toSorted((a, b) => b.samples - a.samples || (a.name < b.name ? -1 : 1));
}

function addStack(top: CallNode, frames: readonly string[], samples: number): void {
  let node = top;
  node.samples += samples;
  for (const name of frames) {
    let child = node.children.get(name);
    if (child === undefined) {
      child = callNode(name);
      node.children.set(name, child);
    }
    child.samples += samples;
    node = child;
  }
}
