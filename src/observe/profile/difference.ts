import { IDLE, type FoldedStacks } from "./fold.ts";
import { summarize } from "./summary.ts";

/** How the share of something changed; shares 0 to 1 of busy samples. */
export interface ShareChange {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/** Two profiles side by side. */
export interface ProfileDifference {
  readonly nat: ShareChange;
  readonly parts: readonly ShareChange[];
  /** Functions whose own share changed most, in either direction. */
  readonly functions: readonly ShareChange[];
}

/** Compares two profiles by shares, so that they may differ in length. */
export function compareProfiles(before: FoldedStacks, after: FoldedStacks, top = 10): ProfileDifference {
  const [a, b] = [summarize(before, Infinity), summarize(after, Infinity)];
  const changes = (
    then: readonly { readonly name: string; readonly share: number }[],
    now: readonly { readonly name: string; readonly share: number }[],
  ): ShareChange[] => {
    const names = new Set([...then, ...now].map(({ name }) => name));
    const [old, young] = [then, now].map((list) => new Map(list.map(({ name, share }) => [name, share])));
    return [...names]
      .map((name) => ({ name, before: old?.get(name) ?? 0, after: young?.get(name) ?? 0 }))
      .toSorted((x, y) => Math.abs(y.after - y.before) - Math.abs(x.after - x.before));
  };
  return {
    nat: { name: a.nat.name, before: a.nat.share, after: b.nat.share },
    parts: changes(a.parts, b.parts),
    functions: changes(a.functions, b.functions).slice(0, top),
  };
}

/** A stack's samples in both profiles, the first scaled to the busy samples of the second. */
export function alignStacks(before: FoldedStacks, after: FoldedStacks): Map<string, { before: number; after: number }> {
  const factor = busySamples(before) === 0 ? 0 : busySamples(after) / busySamples(before);
  const aligned = new Map<string, { before: number; after: number }>();
  for (const [stack, samples] of after) aligned.set(stack, { before: 0, after: samples });
  for (const [stack, samples] of before) {
    aligned.set(stack, { before: samples * factor, after: aligned.get(stack)?.after ?? 0 });
  }
  return aligned;
}

function busySamples(stacks: FoldedStacks): number {
  let busy = 0;
  for (const [stack, samples] of stacks) if (!stack.endsWith(IDLE)) busy += samples;
  return busy;
}
