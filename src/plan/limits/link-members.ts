import { mergeRanges, prefixRange, subtractRanges, type Ipv4Range } from "../../address/ipv4-range.ts";
import type { Gateway, Link } from "../../config/gateway.ts";
import type { Direction } from "./limits-plan.ts";

/** A link by which packets of subscribers leave, and which of them may do so. */
export interface ShapedLink {
  readonly link: Link;
  readonly direction: Direction;
  /** Those of the ranges whose packets leave here. */
  readonly membersOf: (ranges: readonly Ipv4Range[]) => Ipv4Range[];
}

/**
 * Up: the links that translations leave by. Down: all others, each for the networks it leads to; whoever is in none of
 * them is behind a router the file does not tell of, and may be reached by any.
 */
export function shapedLinks(gateway: Gateway): ShapedLink[] {
  const outs = new Set([...gateway.sourceNat, ...gateway.staticNat].map(({ out }) => out));
  const far = new Set(gateway.twiceNat.map(({ outside }) => outside.link));
  const inside = gateway.links.filter(({ name }) => !outs.has(name) && !far.has(name));
  const known = mergeRanges(inside.flatMap(networksOf));
  return [
    ...gateway.links
      .filter(({ name }) => outs.has(name))
      .map((link): ShapedLink => ({ link, direction: "up", membersOf: (ranges) => [...ranges] })),
    ...inside.map((link): ShapedLink => {
      const elsewhere = subtractRanges(known, networksOf(link));
      return { link, direction: "down", membersOf: (ranges) => subtractRanges(ranges, elsewhere) };
    }),
  ];
}

function networksOf({ addresses, routes = [] }: Link): Ipv4Range[] {
  return mergeRanges([...addresses, ...routes.map(({ to }) => to)].map(prefixRange));
}
