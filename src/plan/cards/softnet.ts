import { formatCount, formatNoun } from "../figures.ts";
import type { CardsFacts } from "./facts.ts";
import { queuesToCome } from "./channels.ts";
import { change, left, right, type Proposal } from "./proposal.ts";

const BUDGET = "net.core.netdev_budget";
const BACKLOG = "net.core.netdev_max_backlog";
/** The kernel's own values. */
const LEAST_BUDGET = 300;
const LEAST_BACKLOG = 1000;
/** Above, other work of a CPU waits too long. */
const MOST_BUDGET = 1500;
/** Above, packets that are late anyway only take the place of others. */
const MOST_BACKLOG = 30_000;
/** Packets that a device may have served in one go (NAPI_POLL_WEIGHT). */
const WEIGHT = 64;
/** The least time a round may take by default: two ticks of 1 ms. */
const ROUND_SECONDS = 0.002;
/** How long a CPU may do other things than receiving. */
const BUSY_SECONDS = 0.01;
/** Of bytes on average, as measured on the Internet's links. */
const MEAN_PACKET = 500;
/** Mbit/s of a card that does not say. */
const ASSUMED_MEGABITS = 10_000;

/** How many packets a CPU takes in one round, and how many may wait for it, by the queues and the packets to expect. */
export function proposeSoftnet({ cards, softnet }: CardsFacts): Proposal[] {
  if ("missing" in softnet) return [left("softnet", softnet.missing)];
  if (cards.length === 0) return [];
  const { budget, backlog } = softnet.value;
  const queues = cards.reduce((sum, card) => sum + Math.max(1, queuesToCome(card).rx), 0);
  const rate = cards.reduce((sum, { megabits = ASSUMED_MEGABITS }) => sum + (megabits * 1e6) / 8 / MEAN_PACKET, 0);
  const receiving = Math.max(1, new Set(cards.flatMap((card) => card.cpus)).size);
  const each = rate / receiving;
  const perCpu = Math.ceil(queues / receiving);
  const assumed = cards.some(({ megabits }) => megabits === undefined)
    ? " (10 Gbit/s assumed where a card does not say)"
    : "";
  const expected = `${formatCount(Math.round(each / 1000) * 1000)} packets of ${MEAN_PACKET} bytes a second for each of ${receiving} receiving CPUs${assumed}`;
  return [
    row(
      BUDGET,
      budget,
      Math.min(MOST_BUDGET, hundreds(Math.max(LEAST_BUDGET, 2 * WEIGHT * perCpu, each * ROUND_SECONDS))),
      `${expected}, ${formatNoun(perCpu, "queue")} on each: as many as come during a round of 2 ms`,
    ),
    row(
      BACKLOG,
      backlog,
      Math.min(MOST_BACKLOG, hundreds(Math.max(LEAST_BACKLOG, each * BUSY_SECONDS))),
      `${expected}: as many as come while a CPU is busy for 10 ms; counts where RPS or a virtual link hands packets on`,
    ),
  ];
}

function row(name: string, now: number, wanted: number, reason: string): Proposal {
  if (now >= wanted) return right(name, formatCount(now), `enough for ${reason}`);
  const changes = [{ place: { kind: "sysctl", name } as const, value: String(wanted) }];
  return change(name, formatCount(now), formatCount(wanted), reason, changes);
}

function hundreds(count: number): number {
  return Math.ceil(count / 100) * 100;
}
