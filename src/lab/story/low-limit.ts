import { setTimeout as sleep } from "node:timers/promises";
import { flushConnections } from "../../kernel/conntrack/create.ts";
import { countByNamespace, type NamespaceCrowd } from "../../kernel/conntrack/crowd.ts";
import { namespaceInode } from "../../kernel/network-directory.ts";
import { LabError } from "../error.ts";
import { isHeldLow, lowerHostLimit, raiseLoweredLimits } from "../host-limits.ts";
import { isOrphan, readLabs } from "../state.ts";

/** The limit on connections tracked: one number for every namespace of the host. */
export const TABLE_LIMIT = "net.netfilter.nf_conntrack_max";

/** Whose table is to be too small, for how many, and how to tell about waiting. */
export interface SmallTable {
  readonly lab: string;
  /** The namespace whose table it is. */
  readonly host: string;
  /** So many connections find room. */
  readonly limit: number;
  /** Namespaces that are meant to feel it. */
  readonly own: readonly string[];
  readonly onWait: (why: string) => void;
  readonly signal?: AbortSignal;
}

/** Others keep at least three quarters of the low limit for new connections before it is lowered, and a fifth after. */
const SHARE_BEFORE = 0.25;
const SHARE_MEANWHILE = 0.8;
const LOOK_EVERY_MS = 250;
const PATIENCE_MS = 10_000;
const TRIES = 3;

/**
 * Runs something while the host's limit is low, and puts it back whatever happens. It waits until nobody else on the
 * host needs the room, looks all the time whether that is still so, raises the limit at once if not, and gives up.
 * `run` must end soon after its signal.
 */
export async function withLowLimit<T>(low: SmallTable, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const own = new Set(low.own.map(namespaceInode));
  let why = "";
  for (let tries = 0; tries < TRIES; tries++) {
    await lowerWhenQuiet(low, own);
    const ending = new AbortController();
    const end = (): void => ending.abort();
    low.signal?.addEventListener("abort", end, { once: true });
    let hurt = false;
    const look = (): void => {
      const crowd = busiestOf(own);
      hurt = crowd !== undefined && crowd.count > low.limit * SHARE_MEANWHILE;
      if (crowd !== undefined && hurt) why = tooMany(crowd);
      else if (isHeldLow(low.lab, TABLE_LIMIT)) return;
      else why = `somebody else has set ${TABLE_LIMIT} meanwhile`;
      raiseLoweredLimits(low.lab);
      ending.abort();
    };
    const watch = setInterval(look, LOOK_EVERY_MS);
    try {
      flushConnections(low.host);
      const result = await run(ending.signal);
      if (isHeldLow(low.lab, TABLE_LIMIT)) return result;
      look();
    } catch (error) {
      if (!ending.signal.aborted || low.signal?.aborted === true) throw error;
    } finally {
      clearInterval(watch);
      raiseLoweredLimits(low.lab);
      low.signal?.removeEventListener("abort", end);
    }
    // Nobody is to be hurt twice.
    if (hurt) break;
    low.onWait(`${why}; trying again`);
  }
  throw stillNeeded(why);
}

async function lowerWhenQuiet(low: SmallTable, own: ReadonlySet<number>): Promise<void> {
  let said = "";
  for (let waited = 0; ; waited += LOOK_EVERY_MS) {
    low.signal?.throwIfAborted();
    const why = tryToLower(low, own);
    if (why === undefined) return;
    if (waited >= PATIENCE_MS) throw stillNeeded(why);
    if (said === "") low.onWait((said = `waiting: the limit is the whole host's, and ${why}`));
    await sleep(LOOK_EVERY_MS);
  }
}

/** Says why it cannot be lowered now. */
function tryToLower(low: SmallTable, own: ReadonlySet<number>): string | undefined {
  const lab = readLabs().find((state) => state.id !== low.lab && !isOrphan(state));
  if (lab !== undefined) return `lab ${lab.id} may need it`;
  const crowd = busiestOf(own);
  if (crowd !== undefined && crowd.count > low.limit * SHARE_BEFORE) return tooMany(crowd);
  try {
    lowerHostLimit(low.lab, TABLE_LIMIT, low.limit);
    return undefined;
  } catch (error) {
    if (error instanceof LabError && error.code === "limit-in-use") return "another lab needs it";
    throw error;
  }
}

function busiestOf(own: ReadonlySet<number>): NamespaceCrowd | undefined {
  const [busiest] = countByNamespace()
    .filter(({ inode }) => !own.has(inode))
    .toSorted((a, b) => b.count - a.count);
  return busiest;
}

function tooMany({ label, count }: NamespaceCrowd): string {
  return `${label} tracks ${count} connections, and would lose new ones`;
}

function stillNeeded(why: string): LabError {
  return new LabError(
    "limit-in-use",
    `${TABLE_LIMIT} was not lowered: ${why}`,
    "run the story on a machine whose NAT nobody needs, or when it is quiet",
  );
}
