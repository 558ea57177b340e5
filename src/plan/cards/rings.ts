import { formatBytes, formatCount } from "../figures.ts";
import type { CardFacts, Ring } from "./facts.ts";
import { queuesToCome } from "./channels.ts";
import { change, left, right, type Proposal } from "./proposal.ts";

/** Larger ones fall out of the processor's caches, and hold packets for longer than TCP takes for a loss. */
const MOST_RECEIVE = 4096;
/** Enough for byte queue limits to keep the card busy; what is more only waits where no queue discipline sorts it. */
const MOST_SEND = 1024;
/** All receive buffers of a card take at most this share of the memory. */
const MEMORY_SHARE = 1 / 64;
/** Bytes on the wire of the smallest frame, with preamble and gap. */
const SMALLEST_FRAME = 84;

/** Receive and transmit rings, up to what the hardware has, within bounds. */
export function proposeRings(card: CardFacts, memoryBytes: number): Proposal[] {
  if ("missing" in card.rings) return [left("rings", card.rings.missing)];
  const { rx, tx } = card.rings.value;
  const rows: Proposal[] = [];
  if (rx !== undefined) rows.push(receiveRing(card, rx, memoryBytes));
  if (tx !== undefined) rows.push(sendRing(card, tx));
  return rows.length === 0 ? [left("rings", "the driver does not say how large they are")] : rows;
}

function receiveRing(card: CardFacts, ring: Ring, memoryBytes: number): Proposal {
  const setting = "rx ring";
  const now = formatCount(ring.now);
  const bytes = bufferBytes(card.mtu) * Math.max(1, queuesToCome(card).rx);
  let wanted = Math.min(ring.max, MOST_RECEIVE);
  while (wanted > ring.now && wanted * bytes > memoryBytes * MEMORY_SHARE) wanted = Math.floor(wanted / 2);
  if (wanted <= ring.now) {
    if (ring.now >= ring.max) return right(setting, now, "the hardware has no larger one");
    const why =
      ring.now >= MOST_RECEIVE ? "a larger one falls out of the CPU's cache" : "a larger one costs too much memory";
    return right(setting, now, `${why} (the hardware has up to ${formatCount(ring.max)})`);
  }
  const limit = wanted === ring.max ? "" : ` (the hardware has up to ${formatCount(ring.max)})`;
  const reason = `${patience(card, ring.now, wanted)}; costs up to ${formatBytes(wanted * bytes)} of memory${limit}`;
  const place = { kind: "ring", device: card.name, ring: "rx" } as const;
  return change(setting, now, formatCount(wanted), reason, [{ place, value: String(wanted) }], true);
}

function sendRing(card: CardFacts, ring: Ring): Proposal {
  const setting = "tx ring";
  const now = formatCount(ring.now);
  const wanted = Math.min(ring.max, MOST_SEND);
  if (wanted <= ring.now) {
    const why = ring.now >= ring.max ? "the hardware has no larger one" : "enough: in a larger one packets only wait";
    return right(setting, now, why);
  }
  const reason = "room for what leaves while the card is busy; no more, for in it packets wait unsorted";
  const place = { kind: "ring", device: card.name, ring: "tx" } as const;
  return change(setting, now, formatCount(wanted), reason, [{ place, value: String(wanted) }], true);
}

function patience({ megabits }: CardFacts, now: number, wanted: number): string {
  const drops = "when it is full the card drops what comes";
  if (megabits === undefined) return `${drops}: it outlasts a busy CPU ${(wanted / now).toFixed(1)} times as long`;
  const microseconds = (packets: number): string => formatCount(Math.round((packets * SMALLEST_FRAME * 8) / megabits));
  return `${drops}: it outlasts ${microseconds(wanted)} us of the smallest packets at ${formatCount(megabits)} Mbit/s, not ${microseconds(now)}`;
}

/** A buffer is half a page for usual frames, and whole pages for large ones. */
function bufferBytes(mtu: number): number {
  return mtu <= 1536 ? 2048 : 4096 * 2 ** Math.max(0, Math.ceil(Math.log2((mtu + 512) / 4096)));
}
