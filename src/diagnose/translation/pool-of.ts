import { parseIpv4 } from "../../address/ipv4.ts";
import type { PoolRange, PoolSignal } from "../signals/translation.ts";

/** A pool, and the part of it that an address lies in. */
export interface PoolPlace {
  readonly pool: PoolSignal;
  readonly range: PoolRange;
}

/** The pool that translates to the address for the protocol; of several the one with exactly these ports. */
export function poolOf(
  pools: readonly PoolSignal[],
  address: string,
  protocol?: number,
  ports?: { readonly first: number; readonly last: number },
): PoolPlace | undefined {
  const value = parseIpv4(address);
  if (value === undefined) return undefined;
  const places = pools
    .filter((pool) => protocol === undefined || pool.protocols === undefined || pool.protocols.includes(protocol))
    .flatMap((pool) => pool.ranges.filter((range) => holds(range, value)).map((range) => ({ pool, range })));
  const fits = ({ range }: PoolPlace): boolean =>
    ports !== undefined && range.ports.first <= ports.first && range.ports.last >= ports.last;
  return places.find(fits) ?? places[0];
}

/** How many addresses a pool has. */
export function poolSize({ ranges }: PoolSignal): number {
  return ranges.reduce((sum, { first, last }) => sum + (parseIpv4(last) ?? 0) - (parseIpv4(first) ?? 0) + 1, 0);
}

function holds({ first, last }: PoolRange, address: number): boolean {
  return address >= (parseIpv4(first) ?? 0) && address <= (parseIpv4(last) ?? -1);
}
