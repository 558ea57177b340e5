import type { PortRange } from "../../address/port-range.ts";
import { refusalChance } from "../../plan/exhaustion.ts";

/** Ports the kernel tries in order in each round of its search, each from a new random start (net/netfilter/nf_nat_core.c). */
const ROUNDS: readonly number[] = [128, 64, 32, 16, 8];
/** The first round finds the last free one of so many. */
const SEARCHED_WHOLE = 128;

/**
 * In the last so many tries of a round a TCP connection takes the port of one that has ended, since Linux 6.5
 * (nf_nat_used_tuple_harder): if its own first sequence number lies ahead of the other's, which is as likely as not.
 */
const HARDER_TRIES = 32;
const AHEAD = 0.5;

/** Says by its release whether a kernel lets new TCP connections take ports of those that have ended: Linux 6.5. */
export function takesOverPorts(release: string): boolean {
  const [, major = "", minor = ""] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 5);
}

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

/** As `refusalAmong`, where the ports in use whose bits are set in `ended` may be taken over. */
export function refusalWithTakeover(bits: Uint8Array, ended: Uint8Array, { first, last }: PortRange): number {
  const size = last - first + 1;
  const isSet = (set: Uint8Array, place: number): boolean => {
    const port = first + (place % size);
    return (((set[port >>> 3] ?? 0) >>> (port & 7)) & 1) !== 0;
  };
  // From each start, how many ports in a row are in use; and how many had ended before each place. Twice around.
  const run = new Uint32Array(2 * size + 1);
  const before = new Uint32Array(2 * size + 1);
  for (let place = 2 * size - 1; place >= 0; place--) run[place] = isSet(bits, place) ? (run[place + 1] ?? 0) + 1 : 0;
  for (let place = 0; place < 2 * size; place++) {
    before[place + 1] = (before[place] ?? 0) + (isSet(bits, place) && isSet(ended, place) ? 1 : 0);
  }
  let chance = 1;
  for (const tries of size <= SEARCHED_WHOLE ? [size] : ROUNDS) {
    let blind = 0;
    for (let start = 0; start < size; start++) {
      if ((run[start] ?? 0) < tries) continue;
      const end = start + tries;
      blind += AHEAD ** ((before[end] ?? 0) - (before[end - Math.min(tries, HARDER_TRIES)] ?? 0));
    }
    chance *= blind / size;
  }
  return chance;
}
