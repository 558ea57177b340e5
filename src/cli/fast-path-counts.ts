import type { NamespaceName } from "../kernel/namespace.ts";

/** A fast path that forwards packets which the kernel does not count, and where it counts them itself, if it does. */
export interface FastPathCounts {
  readonly path: string | undefined;
}

/** Undefined where there is nothing to add: no fast path, or nobody counts packets of connections. */
export async function fastPathCounts(netns: NamespaceName): Promise<FastPathCounts | undefined> {
  const { readSysctl } = await import("../kernel/sysctl.ts");
  if (readSysctl(netns, "net.netfilter.nf_conntrack_acct") !== "1") return undefined;
  const [{ readRecord }, { sharesPath }] = await Promise.all([
    import("../fastpath/record.ts"),
    import("../fastpath/shares.ts"),
  ]);
  return readRecord(netns) === undefined ? undefined : { path: sharesPath({ netns }) };
}

/** What is to be said of counters of connections. */
export function countLines(counts: FastPathCounts | undefined): string[] {
  if (counts === undefined) return [];
  if (counts.path !== undefined) return ["packets and bytes include what the fast path forwarded"];
  return [
    "packets and bytes are without what the fast path forwarded: it was turned on before connections were counted",
    "  fix: `meganat fastpath on` once more",
  ];
}
