import type { CardFacts } from "./facts.ts";
import { queuesToCome } from "./channels.ts";
import { change, left, right, type Proposal } from "./proposal.ts";

const SETTING = "indirection";

/** Every receive queue gets its share of the connections. */
export function proposeIndirection(card: CardFacts): Proposal {
  const queues = queuesToCome(card).rx;
  if ("missing" in card.indirection) return left(SETTING, card.indirection.missing);
  const table = card.indirection.value;
  if (table.length === 0) return left(SETTING, "the card has no such table");
  const now = formatIndirection(table);
  if (queues <= 1) return left(SETTING, "one receive queue: nothing to spread", shortened(now));
  if (isEven(table, queues)) return right(SETTING, shortened(now), `each of ${queues} queues gets its share`);
  const used = new Set(table).size;
  const reason =
    used === queues
      ? `some of ${queues} queues get more connections than others`
      : `${used} of ${queues} queues get all connections, the others none`;
  const proposed = `even ${queues}`;
  const place = { kind: "indirection", device: card.name } as const;
  return change(SETTING, shortened(now), proposed, reason, [{ place, value: proposed }]);
}

/** The table as text: `even 8` for the kernel's own of 8 queues, else each queue. */
export function formatIndirection(table: readonly number[]): string {
  const queues = Math.max(0, ...table) + 1;
  return table.every((queue, i) => queue === i % queues) ? `even ${queues}` : table.join(",");
}

function isEven(table: readonly number[], queues: number): boolean {
  const counts = Array.from({ length: queues }, () => 0);
  for (const queue of table) {
    if (queue >= queues) return false;
    counts[queue] = (counts[queue] ?? 0) + 1;
  }
  return Math.max(...counts) - Math.min(...counts) <= 1;
}

function shortened(text: string): string {
  return text.length <= 20 ? text : `${text.slice(0, text.lastIndexOf(",", 16))},...`;
}
