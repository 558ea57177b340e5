import { IDLE, USER, type FoldedStacks } from "./fold.ts";
import { NAT_PARTS, partOf } from "./part.ts";

/** Samples of something, and its share of all samples of busy processors. */
export interface Share {
  readonly name: string;
  readonly samples: number;
  /** 0 to 1. */
  readonly share: number;
}

/** Where the processors spent their time. */
export interface ProfileSummary {
  readonly samples: number;
  readonly idle: number;
  readonly user: number;
  /** Samples in the kernel. */
  readonly kernel: number;
  /** Samples with a netfilter function in their stack, and their share of the busy ones. */
  readonly nat: Share;
  /** Parts of NAT, most first; they add up to `nat`. */
  readonly parts: readonly (Share & { readonly id: string })[];
  /** Functions by the samples taken in themselves, most first. */
  readonly functions: readonly Share[];
}

/** Sums folded stacks up; `top` is how many functions to name. */
export function summarize(stacks: FoldedStacks, top = 10): ProfileSummary {
  let [samples, idle, user, nat] = [0, 0, 0, 0];
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  for (const [stack, count] of stacks) {
    const frames = stack.split(";");
    const innermost = frames.at(-1) ?? "";
    samples += count;
    if (innermost === IDLE) idle += count;
    else if (innermost === USER) user += count;
    else functions.set(innermost, (functions.get(innermost) ?? 0) + count);
    const part = partOf(frames);
    if (part === undefined) continue;
    nat += count;
    parts.set(part.id, (parts.get(part.id) ?? 0) + count);
  }
  const busy = samples - idle;
  const share = (name: string, count: number): Share => ({
    name,
    samples: count,
    share: busy === 0 ? 0 : count / busy,
  });
  return {
    samples,
    idle,
    user,
    kernel: busy - user,
    nat: share("NAT and connection tracking", nat),
    parts: NAT_PARTS.filter(({ id }) => parts.has(id))
      .map(({ id, title }) => ({ id, ...share(title, parts.get(id) ?? 0) }))
      .toSorted((a, b) => b.samples - a.samples),
    functions: [...functions]
      .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, top)
      .map(([name, count]) => share(name, count)),
  };
}
