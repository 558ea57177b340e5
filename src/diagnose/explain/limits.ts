import { parseIpv4 } from "../../address/ipv4.ts";
import { formatCount, formatPercent, formatSeconds } from "../figures.ts";
import type { Hit } from "../rules/evaluate/match-packet.ts";
import type { Rule } from "../rules/ruleset.ts";
import type { Match } from "../rules/statement.ts";
import { settingOf, valueOf, type Signals } from "../signals.ts";
import type { PortUseSignal } from "../signals/table.ts";
import { amountWords, limitOf, placeInFile, type SubscriberLimit } from "../subscriber-limits.ts";
import type { Limit, NeighbourWords, TranslationWords } from "./explanation.ts";
import { lastRoute } from "./way-words.ts";
import type { Refusal, Way } from "./way.ts";
import { rangeWords, ruleWords } from "./words.ts";

/** What the limits are judged by. */
export interface LimitFacts {
  readonly signals: Signals;
  readonly way: Way;
  readonly translations: readonly TranslationWords[];
  /** Ports in use towards the destination. */
  readonly portUse: readonly PortUseSignal[];
  /** The machine the first packet is handed to; absent: none, or not known. */
  readonly neighbour?: NeighbourWords;
  /** Connections that the source has in the table now; absent: not counted. */
  readonly connectionsOfSource?: number;
}

/** What may refuse a new connection, and what has room. */
export function limitsOf(facts: LimitFacts): Limit[] {
  return [
    ...tableRoom(facts.signals),
    ...routing(facts.way),
    ...ports(facts),
    ...countingRules(facts),
    ...neighbours(facts),
  ];
}

function tableRoom(signals: Signals): Limit[] {
  const count = valueOf(signals, "conntrack.count");
  const max = valueOf(signals, "conntrack.max") ?? settingOf(signals, "net.netfilter.nf_conntrack_max");
  if (count === undefined || max === undefined || max === 0) return [];
  const used = `${formatCount(count)} of ${formatCount(max)} connections`;
  if (count < max) {
    return [
      {
        id: "table-room",
        state: "room",
        text: `the connection table has room: ${used} (${formatPercent(count / max)})`,
      },
    ];
  }
  return [
    {
      id: "table-room",
      state: "refuses",
      text: `the connection table is full (${used}): a new one gets in only if an unanswered one is found to be thrown out`,
    },
  ];
}

const ROUTING: ReadonlySet<Refusal> = new Set([
  "no-route",
  "unreachable",
  "prohibit",
  "blackhole",
  "martian",
  "no-interface",
]);

function routing(way: Way): Limit[] {
  const reply = lastRoute(way)?.reply;
  if (way.end !== "refused" || reply?.kind !== "refused") return [];
  const { why, detail: text } = reply;
  const id = why === "forwarding-off" ? "forwarding" : why === "rp-filter" ? "rp-filter" : "routing";
  return id === "routing" && !ROUTING.has(why) ? [] : [{ id, state: "refuses", text }];
}

function ports({ way, translations, portUse }: LimitFacts): Limit[] {
  const { destination, destinationPort, protocol } = way.after;
  const source = translations.filter(({ side, ports: range }) => side === "source" && range !== undefined);
  return source.flatMap(({ addresses, ports: range = { first: 0, last: 0 } }) => {
    const one = addresses.length === 1 && addresses[0]?.first === addresses[0]?.last;
    const uses = portUse.filter(
      (use) =>
        use.destination === destination &&
        use.protocol === protocol &&
        use.destinationPort === (destinationPort ?? 0) &&
        use.ports.first <= range.last &&
        use.ports.last >= range.first &&
        addresses.some(({ first, last }) => within(use.address, first, last)),
    );
    const to = `${destination}${destinationPort === undefined ? "" : `:${destinationPort}`}`;
    if (uses.length === 0) {
      if (addresses.length === 0) return [];
      const size = range.last - range.first + 1;
      const text = `none of the ${formatCount(size)} ports (${rangeWords(range)}) is in use towards ${to}`;
      return [{ id: "ports", state: "room", text, chance: 0 }];
    }
    return uses.map((use) => portLimit(use, to, one));
  });
}

function portLimit(use: PortUseSignal, to: string, only: boolean): Limit {
  const { address, used, ports: range, occupancy, refusalChance: chance, subscribers } = use;
  const size = range.last - range.first + 1;
  const text = `${address} has ${formatCount(Math.max(0, size - used))} of ${formatCount(size)} ports (${rangeWords(range)}) left towards ${to}: ${formatPercent(occupancy)} in use`;
  if (chance < 0.000_001) return { id: "ports", state: "room", text, chance };
  const [most] = subscribers;
  const who = most === undefined ? "" : `; most of them by ${most.key} (${formatCount(most.count)})`;
  const where = only ? "" : `, if it gets this address`;
  return {
    id: "ports",
    state: chance >= 1 && only ? "refuses" : "may-refuse",
    text: `${text}, so the next one is refused with ${formatPercent(chance)}${where}${who}`,
    chance,
  };
}

/** Questions that count: connections at once, packets in a time. */
const COUNTING = /\bct count\b|connlimit|-m limit\b|hashlimit|\blimit rate\b|-m recent\b|-m quota\b|\bquota\b/;

function countingRules(facts: LimitFacts): Limit[] {
  const { way, connectionsOfSource } = facts;
  const steps = [way, ...(way.alternatives ?? [])].flatMap((one) => one.steps);
  const hits: Hit[] = steps.flatMap((step) => (step.kind === "hook" ? step.result.hits : []));
  return hits.filter(counts).map(({ rule }) => {
    const own = limitOf(rule);
    if (own !== undefined) return subscriberLimit(own, facts);
    const { place, owner, text } = ruleWords(rule);
    const now =
      connectionsOfSource === undefined || !/ct count|connlimit/.test(text)
        ? ""
        : `; the source has ${formatCount(connectionsOfSource)} connections now`;
    return {
      id: "counting-rule",
      state: "may-refuse",
      text: `${place}${owner === undefined ? "" : ` (${owner})`} counts: ${text}${now}`,
    };
  });
}

/**
 * A limit of the gateway file. The kernel does not tell how many connections it counts for a subscriber: those in the
 * table may have begun before the limit was there. Whoever was refused already has had them all counted.
 */
function subscriberLimit(own: SubscriberLimit, { signals, way, connectionsOfSource }: LimitFacts): Limit {
  const { source } = way.packet;
  const refused = signals.refusals?.find(({ address, limit }) => address === source && limit === own.limit);
  const now = refused === undefined || refused.packets === 0 ? "" : ` in the last ${formatSeconds(signals.seconds)}`;
  const before =
    refused === undefined
      ? ""
      : `; ${formatCount(now === "" ? refused.total : refused.packets)} packets were refused${now}`;
  const place = placeInFile(own);
  const remedy = `raise ${place} of the gateway file, or give ${source} a group of its own there, then run meganat apply`;
  if (own.limit === "rate") {
    const text = `${source} may begin ${amountWords(own)} (${place})${before}`;
    return { id: "subscriber-limit", state: "may-refuse", text, ...(refused === undefined ? {} : { remedy }) };
  }
  const held = connectionsOfSource === undefined ? "" : `, and has ${formatCount(connectionsOfSource)} in the table`;
  const text = `${source} may have ${amountWords(own)} (${place})${held}${before}`;
  if (connectionsOfSource !== undefined && connectionsOfSource < own.amount) {
    return { id: "subscriber-limit", state: "room", text };
  }
  const isFull = connectionsOfSource !== undefined && refused !== undefined;
  return { id: "subscriber-limit", state: isFull ? "refuses" : "may-refuse", text, remedy };
}

function counts({ rule, matches }: Hit): boolean {
  return matches === "perhaps" && COUNTING.test(`${rule.text} ${unknownTexts(rule)}`) && stops(rule);
}

/** A rule that counts only to log is no limit. */
function stops({ parts }: Rule): boolean {
  return parts.some(
    (part) =>
      part.kind === "action" &&
      ["drop", "reject", "accept", "return", "jump", "goto", "queue"].includes(part.action.kind),
  );
}

function unknownTexts({ parts }: Rule): string {
  const texts = (match: Match): string[] => {
    if (match.kind === "unknown") return [match.text];
    return match.kind === "any-of" || match.kind === "all-of" ? match.of.flatMap(texts) : [];
  };
  return parts.flatMap((part) => (part.kind === "match" ? texts(part.match) : [])).join(" ");
}

function neighbours({ signals, neighbour }: LimitFacts): Limit[] {
  if (neighbour === undefined) return [];
  const { address, state } = neighbour;
  if (state === "failed" || state === "incomplete") {
    const text = `the next hop ${address} does not answer (${state}): ${neighbour.meaning}`;
    return [{ id: "neighbour", state: state === "failed" ? "refuses" : "may-refuse", text }];
  }
  const entries = valueOf(signals, "neighbour.arp_cache.entries");
  const max = valueOf(signals, "neighbour.arp_cache.max");
  if (state !== undefined || entries === undefined || max === undefined || entries < max) return [];
  const text = `the neighbour table is full (${formatCount(entries)} of ${formatCount(max)}), and ${address} is not in it`;
  return [{ id: "neighbour-table", state: "may-refuse", text }];
}

function within(address: string, first: string, last: string): boolean {
  const [value, low, high] = [parseIpv4(address), parseIpv4(first), parseIpv4(last)];
  return value !== undefined && low !== undefined && high !== undefined && value >= low && value <= high;
}
