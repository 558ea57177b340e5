import type { Gateway } from "../config/gateway.ts";
import { KernelError } from "../kernel/error.ts";
import { listInterfaceNames } from "../kernel/interface-names.ts";
import { cardsOfGateway, resolveCards } from "../plan/cards/resolve-cards.ts";
import type { CardsProposals } from "../plan/cards/proposal.ts";

/**
 * How the cards of a gateway file should be set; undefined if none of them is here, which is found out
 * quickly, or if they cannot be read.
 */
export async function gatewayCards(netns: string | undefined, gateway: Gateway): Promise<CardsProposals | undefined> {
  const here = new Set(listInterfaceNames(netns));
  const names = cardsOfGateway(gateway).filter((name) => here.has(name));
  if (names.length === 0) return undefined;
  const [{ proposeTuning }, { readLinkFacts }] = await Promise.all([
    import("../tune/carry-out.ts"),
    import("../tune/read-facts.ts"),
  ]);
  try {
    const { cards } = resolveCards(names, readLinkFacts(netns));
    return cards.length === 0 ? undefined : proposeTuning(netns, cards);
  } catch (error) {
    // A plan goes without them; `meganat tune` says why they cannot be read.
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}
