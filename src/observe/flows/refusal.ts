import type { PortRange } from "../../address/port-range.ts";
import { refusalChance } from "../../plan/exhaustion.ts";

/** Ports the kernel tries in order in each round of its search, each from a new random start (net/netfilter/nf_nat_core.c). */
const ROUNDS: readonly number[] = [128, 64, 32, 16, 8];
/** The first round finds the last free one of so many. */
const SEARCHED_WHOLE = 128;

/** The chance that one more connection is refused when `used` of `ports` are taken, wherever they lie. */
export function refusal(used: number, ports: number): number {
  if (ports <= SEARCHED_WHOLE) return used >= ports ? 1 : 0;
  return refusalChance(used / ports);
}

/**
 * The same, from where the ports in use lie: one bit for each port, the lowest first. The kernel tries ports in order
 * from where it lands, so that those in use lie in runs, and runs are found full more often than ports strewn about.
 */
export function refusalAmong(bits: Uint8Array, { first, last }: PortRange): number {
  const size = last - first + 1;
  const isUsed = (place: number): boolean => {
    const port = first + (place % size);
    return (((bits[port >>> 3] ?? 0) >>> (port & 7)) & 1) !== 0;
  };
  let free = 0;
  while (free < size && isUsed(free)) free++;
  if (free === size) return 1;
  if (size <= SEARCHED_WHOLE) return 0;
  // For each round, the starts from which all ports it tries are in use; a run may go round the end.
  const blind = ROUNDS.map(() => 0);
  let run = 0;
  for (let place = free + 1; place <= free + size; place++) {
    if (isUsed(place)) {
      run++;
      continue;
    }
    for (const [round, tries] of ROUNDS.entries()) {
      blind[round] = (blind[round] ?? 0) + Math.max(0, run - tries + 1);
    }
    run = 0;
  }
  return blind.reduce((chance, starts) => (chance * starts) / size, 1);
}
