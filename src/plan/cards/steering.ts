import { formatNoun } from "../figures.ts";
import type { CardFacts } from "./facts.ts";
import { queuesToCome } from "./channels.ts";
import { formatCpus, formatEach, sameCpus } from "./cpu-list.ts";
import { change, left, right, type Proposal } from "./proposal.ts";

/** RPS: where the card has fewer queues than CPUs, the kernel spreads the packets further; elsewhere it only costs. */
export function proposeRps(card: CardFacts): Proposal {
  const setting = "RPS";
  const sets = card.rps.filter((cpus) => cpus !== undefined);
  if (sets.length === 0) return left(setting, "the kernel lets nobody steer its receive queues (CONFIG_RPS)");
  const queues = queuesToCome(card).rx;
  const wanted = queues < card.cpus.length ? card.cpus : [];
  const kept = sets.slice(0, queues);
  const now = formatEach(kept);
  const place = (queue: number) => ({ kind: "rps", device: card.name, queue }) as const;
  const changes = kept.flatMap((cpus, queue) =>
    sameCpus(cpus, wanted) ? [] : [{ place: place(queue), value: formatCpus(wanted) }],
  );
  const has = `${formatNoun(queues, "receive queue")} for ${formatNoun(card.cpus.length, "CPU")}`;
  if (wanted.length === 0) {
    const why = card.cpus.length === 1 ? "there is one CPU" : "the card itself has a queue for each CPU";
    if (changes.length === 0) return right(setting, now, `${why}: nothing to spread`);
    return change(setting, now, "none", `${why}: to hand packets on to others would only cost`, changes);
  }
  if (changes.length === 0 && kept.length === queues)
    return right(setting, now, `${has}: the kernel spreads the packets`);
  return change(setting, now, formatCpus(wanted), `${has}: without it the others do nothing`, changes);
}

/** XPS: each transmit queue belongs to one CPU, the near ones first, so that they do not wait for each other's lock. */
export function proposeXps(card: CardFacts, online: readonly number[]): Proposal {
  const setting = "XPS";
  const queues = queuesToCome(card).tx;
  if (queues <= 1) return left(setting, "one transmit queue: nothing to choose");
  if (card.xps.some((cpus) => cpus === undefined)) {
    return left(setting, "the kernel lets nobody steer its transmit queues (CONFIG_XPS)");
  }
  const order = [...card.cpus, ...online.filter((cpu) => !card.cpus.includes(cpu))];
  const wanted = (queue: number): number[] =>
    queue < order.length ? order.filter((_, at) => at % queues === queue) : [];
  const kept = card.xps.slice(0, queues).map((cpus) => cpus ?? []);
  const changes = kept.flatMap((cpus, queue) =>
    sameCpus(cpus, wanted(queue))
      ? []
      : [{ place: { kind: "xps", device: card.name, queue } as const, value: formatCpus(wanted(queue)) }],
  );
  const now = formatEach(kept);
  if (changes.length === 0 && kept.length === queues)
    return right(setting, now, "each CPU sends by a queue of its own");
  const proposed = formatEach(Array.from({ length: queues }, (_, queue) => wanted(queue)));
  const share =
    queues < order.length
      ? `${formatNoun(order.length, "CPU")} share ${queues} queues, each always sends by the same`
      : "each CPU sends by a queue of its own";
  return change(setting, now, proposed, `${share}: fewer wait for each other's lock`, changes);
}
