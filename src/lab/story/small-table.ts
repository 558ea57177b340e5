import { createConnections, flushConnections } from "../../kernel/conntrack/create.ts";
import type { Tuple } from "../../kernel/conntrack/tuple.ts";
import { readSysctl } from "../../kernel/sysctl.ts";
import { LabError } from "../error.ts";
import { borrowHostLimits } from "../host-limits.ts";
import { TABLE_LIMIT, withLowLimit, type SmallTable } from "./low-limit.ts";

/** How the table came to be too small. */
export type Smallness =
  /** As in the article: the limit was lowered, from `before`. */
  | { readonly how: "lowered"; readonly before: number; readonly limit: number }
  /** Others on the host need the limit as it is: so many connections are held that as little room is left. */
  | { readonly how: "filled"; readonly held: number; readonly limit: number };

/** More would take minutes and gigabytes. */
const MOST_HELD = 4_000_000;
const HOLD_SECONDS = 3600;
const TRIES = 3;
const [UDP, DNS] = [17, 53];

/**
 * Runs something while the host's table has room for few connections only: with a low limit if nobody else on the
 * machine needs it, else with a table filled nearly to the brim, which is felt in that namespace alone.
 */
export async function withSmallTable<T>(
  small: SmallTable,
  run: (smallness: Smallness, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const before = limitNow();
  try {
    return await withLowLimit(small, (signal) => run({ how: "lowered", before, limit: small.limit }, signal));
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== "limit-in-use") throw error;
    small.onWait(`${error.message}; filling the table instead`);
    return await withFilledTable(small, run);
  }
}

async function withFilledTable<T>(
  { lab, host, limit, onWait, signal }: SmallTable,
  run: (smallness: Smallness, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const running = signal ?? new AbortController().signal;
  for (let tries = 0; tries < TRIES; tries++) {
    const max = limitNow();
    const held = max - limit;
    if (held > MOST_HELD) throw tooLarge(max);
    borrowHostLimits(lab, { [TABLE_LIMIT]: max });
    flushConnections(host);
    createConnections(host, inventedConnections(held), HOLD_SECONDS);
    running.throwIfAborted();
    const result = await run({ how: "filled", held, limit }, running);
    if (limitNow() === max) return result;
    onWait(`somebody else has set ${TABLE_LIMIT} meanwhile; trying again`);
  }
  throw tooLarge(limitNow());
}

/** As if clients of a hundred addresses had asked a name server. */
function* inventedConnections(count: number): Generator<Tuple> {
  for (let i = 0; i < count; i++) {
    const source = `198.18.${(i >> 14) & 0xff}.1`;
    yield { source, destination: "198.19.0.1", protocol: UDP, sourcePort: 1024 + (i & 0x3fff), destinationPort: DNS };
  }
}

function limitNow(): number {
  return Number(readSysctl(undefined, TABLE_LIMIT));
}

function tooLarge(max: number): LabError {
  return new LabError(
    "story-not-possible",
    `others on this machine need its connection table: ${TABLE_LIMIT} may not be lowered, and a table of ${max} not filled`,
    "run the story on a machine whose NAT nobody needs, or when it is quiet",
  );
}
