import type { PortRange } from "../address/port-range.ts";
import { HARDER_TRIES, SEARCH_ROUNDS, SEARCHED_WHOLE } from "./port-search.ts";

/** All rounds of the search together. */
const TRIES = SEARCH_ROUNDS.reduce((sum, tries) => sum + tries, 0);
/** The sequence number of a new connection lies ahead of an ended one's as likely as not. */
const AHEAD = 0.5;
/** Longer runs are so seldom that they change nothing any more. */
const NEGLIGIBLE = 1e-18;

/**
 * The chance that one more connection is refused when `used` of `ports` are taken, strewn about at random: where
 * connections have come and gone for long it is more than that, and less than `refusalWhenFilled`.
 */
export function refusalAtRandom(used: number, ports: number): number {
  if (used >= ports) return 1;
  return ports <= SEARCHED_WHOLE ? 0 : (used / ports) ** TRIES;
}

/**
 * The chance that one more connection is refused when `used` of `ports` were taken one after another by the kernel's own
 * search, and none has ended yet. Each took the first free port from a random start, so that they lie in runs, as cars
 * park along a one-way street: runs of r between two free ports have the law of linear probing (Knuth, volume 3, 6.4),
 * C(m,r) (r+1)^(r-1) (n-r-1)^(m-r-1) (n-m-1) / (n^(m-1) (n-m)) for m of n.
 */
export function refusalWhenFilled(used: number, ports: number): number {
  if (used >= ports) return 1;
  const [shortest = 0] = SEARCH_ROUNDS.slice(-1);
  if (ports <= SEARCHED_WHOLE || used < shortest) return 0;
  const [m, n] = [Math.floor(used), ports];
  const blind = SEARCH_ROUNDS.map(() => 0);
  const add = (run: number, probability: number): void => {
    for (const [round, tries] of SEARCH_ROUNDS.entries()) {
      blind[round] = (blind[round] ?? 0) + Math.max(0, run - tries + 1) * probability;
    }
  };
  // With a single free port there is a single run.
  if (n - m === 1) add(m, 1);
  else {
    const [longest = 0] = SEARCH_ROUNDS;
    for (let run = shortest; run <= m; run++) {
      const probability = Math.exp(logRun(run, m, n));
      add(run, probability);
      if (run > longest && probability * run < NEGLIGIBLE) break;
    }
  }
  const free = (n - m) / n;
  return blind.reduce((chance, starts) => chance * Math.min(1, starts * free), 1);
}

/** Natural logarithm of the chance that exactly `run` ports in use follow a free one; n - m is 2 or more. */
function logRun(run: number, m: number, n: number): number {
  return (
    logFactorial(m) -
    logFactorial(run) -
    logFactorial(m - run) +
    (run - 1) * Math.log(run + 1) +
    (m - run - 1) * Math.log(n - run - 1) +
    Math.log(n - m - 1) -
    (m - 1) * Math.log(n) -
    Math.log(n - m)
  );
}

/** By Stirling's series; good to 1e-9 from 8 on, and exact below. */
function logFactorial(k: number): number {
  if (k < 8) {
    let product = 1;
    for (let i = 2; i <= k; i++) product *= i;
    return Math.log(product);
  }
  return k * Math.log(k) - k + Math.log(2 * Math.PI * k) / 2 + 1 / (12 * k) - 1 / (360 * k ** 3) + 1 / (1260 * k ** 5);
}

/**
 * As `refusalAtRandom`, from where the ports in use lie: one bit for each port, the lowest first. The kernel tries ports
 * in order from where it lands, so that those in use lie in runs, and runs are found full more often than ports strewn
 * about.
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
  const blind = SEARCH_ROUNDS.map(() => 0);
  let run = 0;
  for (let place = free + 1; place <= free + size; place++) {
    if (isUsed(place)) {
      run++;
      continue;
    }
    for (const [round, tries] of SEARCH_ROUNDS.entries()) {
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
  for (const tries of size <= SEARCHED_WHOLE ? [size] : SEARCH_ROUNDS) {
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
