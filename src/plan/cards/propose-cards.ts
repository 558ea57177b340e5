import { proposeChannels, queuesToCome } from "./channels.ts";
import { proposeCoalescing } from "./coalescing.ts";
import type { CardsFacts } from "./facts.ts";
import { proposeIndirection } from "./indirection.ts";
import { proposeInterrupts } from "./interrupts.ts";
import { proposeOffloads } from "./offloads.ts";
import type { CardsProposals } from "./proposal.ts";
import { proposeRings } from "./rings.ts";
import { proposeSoftnet } from "./softnet.ts";
import { proposeRps, proposeXps } from "./steering.ts";

/** How the cards should be set for forwarding, each setting with its reason. They are in the order to be carried out. */
export function proposeCards(facts: CardsFacts): CardsProposals {
  // Cards of one node share its CPUs: the next one begins where the one before ended.
  const begun = new Map<number | undefined, number>();
  const cards = facts.cards.map((card) => {
    const first = begun.get(card.node) ?? 0;
    begun.set(card.node, first + Math.max(1, queuesToCome(card).rx));
    return {
      card: card.name,
      ...(card.driver === undefined ? {} : { driver: card.driver }),
      ...(card.node === undefined ? {} : { node: card.node }),
      cpus: card.cpus,
      proposals: [
        proposeChannels(card),
        ...proposeRings(card, facts.memoryBytes),
        proposeIndirection(card),
        proposeInterrupts(card, facts.irqbalance, first),
        proposeRps(card),
        proposeXps(card, facts.cpus),
        ...proposeOffloads(card),
        ...proposeCoalescing(card),
      ],
    };
  });
  return { cards, host: proposeSoftnet(facts) };
}
