import { formatNoun } from "../figures.ts";
import type { CardFacts, Channels, Ring } from "./facts.ts";
import { formatCpus } from "./cpu-list.ts";
import { change, left, right, type Proposal } from "./proposal.ts";

const SETTING = "queues";

/** As many queues as CPUs near the card. */
export function proposeChannels(card: CardFacts): Proposal {
  if ("missing" in card.channels) return left(SETTING, card.channels.missing);
  const channels = card.channels.value;
  const now = formatChannels(channels);
  const wanted = wantedChannels(card);
  if (wanted === undefined) return left(SETTING, "the driver does not say how many it could have", now);
  const cpus = card.cpus.length;
  const where = card.node === undefined ? "" : ` of its NUMA node ${card.node} (${formatCpus(card.cpus)})`;
  const has = `${formatNoun(cpus, "CPU")}${where}`;
  const most = Math.max(...[channels.combined, channels.rx, channels.tx].map((ring) => ring?.max ?? 0));
  const proposed = formatChannels(wanted);
  if (proposed === now) {
    return right(SETTING, now, most < cpus ? `more the card does not have, for ${has}` : `one for each of ${has}`);
  }
  const reason =
    most < cpus
      ? `all the card has: each is served by one CPU, and there are ${has}`
      : `one for each of ${has}: fewer leave CPUs idle, more make them take turns${card.node === undefined ? "" : ", and CPUs of another node reach its packets by the slow way"}`;
  const place = { kind: "channels", device: card.name } as const;
  return change(SETTING, now, proposed, reason, [{ place, value: proposed }], true);
}

/** How many receive and transmit queues the card will have once it is set as proposed. */
export function queuesToCome(card: CardFacts): { readonly rx: number; readonly tx: number } {
  const channels = wantedChannels(card);
  if (channels === undefined) return { rx: card.rps.length, tx: card.xps.length };
  const combined = channels.combined?.now ?? 0;
  return { rx: combined + (channels.rx?.now ?? 0), tx: combined + (channels.tx?.now ?? 0) };
}

/** Queues as text: `combined 8`, `rx 4 tx 4`. */
export function formatChannels({ combined, rx, tx }: Channels): string {
  const parts = Object.entries({ combined, rx, tx }).flatMap(([name, ring]) =>
    ring === undefined || ring.max === 0 ? [] : [`${name} ${ring.now}`],
  );
  return parts.length === 0 ? "-" : parts.join(" ");
}

/** Undefined if the card has no numbers to choose. */
function wantedChannels({ channels, cpus }: CardFacts): Channels | undefined {
  if ("missing" in channels) return undefined;
  const { combined, rx, tx } = channels.value;
  const wanted = (ring: Ring): Ring => ({ ...ring, now: Math.min(ring.max, cpus.length) });
  if (combined !== undefined && combined.max > 0) {
    // Whoever has both kinds and added single ones beside the combined had a reason.
    return { ...channels.value, combined: wanted(combined) };
  }
  if (rx === undefined || tx === undefined || rx.max === 0 || tx.max === 0) return undefined;
  return { rx: wanted(rx), tx: wanted(tx) };
}
