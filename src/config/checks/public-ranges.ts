import type { Ipv4Range } from "../../address/ipv4-range.ts";
import type { DraftGateway } from "../draft.ts";
import type { ReachedBy } from "../gateway.ts";
import type { FilePath } from "../problem.ts";

/** Public addresses of a pool, a static translation or a single source address. */
export interface PublicRange {
  readonly range: Ipv4Range;
  readonly path: FilePath;
  /** As messages call it: `pool public`. */
  readonly owner: string;
  readonly kind: "pool" | "static" | "address";
  readonly reachedBy: ReachedBy;
}

/** All public addresses of the file, in its order; a single source address that several rules share, once. */
export function publicRanges(draft: DraftGateway): PublicRange[] {
  const ranges: PublicRange[] = draft.pools.flatMap(({ path, value }) =>
    value.addresses.map((range, index) => ({
      range,
      path: [...path, "addresses", index],
      owner: `pool ${value.name}`,
      kind: "pool" as const,
      reachedBy: value.reachedBy,
    })),
  );
  const single = new Set<number>();
  for (const { path, value } of draft.sourceNat) {
    if (value.to.kind !== "address" || single.has(value.to.address)) continue;
    const { address, reachedBy } = value.to;
    single.add(address);
    const owner = `rule ${value.name}`;
    ranges.push({ range: { first: address, last: address }, path: [...path, "to"], owner, kind: "address", reachedBy });
  }
  for (const { path, value } of draft.staticNat) {
    const owner = `static translation ${value.name}`;
    ranges.push({ range: value.public, path: [...path, "public"], owner, kind: "static", reachedBy: value.reachedBy });
  }
  return ranges;
}
