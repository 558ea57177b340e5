import { groupHeaders, headersOf, perSecond, topOf } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatRate } from "../figures.ts";
import type { Evidence, Fix, Observation } from "../finding.ts";
import { lookUpRoute, routeText } from "../look-up-route.ts";
import { isInside } from "../packet-place.ts";
import { headersOfRules, RULE_CAUSES } from "../rule-drops.ts";
import { deltaOf, droppedFor, type DroppedHeader, type Signals } from "../signals.ts";

const ICMP = 1;
const TCP = 6;
/** Type 3, code 4, as connection tracking keeps them in place of a port. */
const FRAGMENTATION_NEEDED = (3 << 8) | 4;
/** A sender is told once, and then sends smaller packets for ten minutes. */
const MESSAGES_PER_SECOND = 0.5;
const PACKETS_PER_SECOND = 3;
/**
 * Seconds after which whoever was told has stopped: the round trip to hosts of the inside is shorter than TCP's least
 * time until it repeats a packet; that to the outside may be a satellite's.
 */
const STILL_SENDING_AFTER = { inside: 0.19, outside: 0.7 };
/** Of the packets looked at, from senders that do not stop. */
const MOST = 0.3;
/** Programs other than TCP try large packets a few times, to find out. */
const MORE_THAN_TRYING = 6;

/** Packets too large for a link are dropped, and the message that says so does not reach the sender. */
export const mode: FailureMode = {
  id: "mtu-black-hole",
  title: "Large packets vanish, and their senders are not told",
  severity: "loss",
  why: "A sender learns by an ICMP message that its packets are too large for a link on the way; where that message is filtered or lost, small packets pass and large ones never do: connections open, and hang.",
  needs: ["drops"],
  counters: ["Ip.FragFails"],
  consequences: ["rule-drop"],
  examine: (signals) => {
    const tooBig = headersOf(signals, "too-big");
    const messages = messagesDropped(signals);
    const dropped = droppedFor(signals, "too-big");
    const stubborn = stubbornSenders(signals, tooBig);
    const isFiltered = perSecond(signals, messages.packets) >= MESSAGES_PER_SECOND && messages.packets >= 2;
    const isLost =
      perSecond(signals, dropped) >= PACKETS_PER_SECOND &&
      stubborn.length > 0 &&
      stubborn.length >= tooBig.length * MOST;
    if (!isFiltered && !isLost) return [];
    return [observe(signals, dropped, messages, stubborn.length > 0 ? stubborn : tooBig)];
  },
};

interface Messages {
  readonly headers: readonly DroppedHeader[];
  /** As many packets as these stand for. */
  readonly packets: number;
}

/** "Fragmentation needed" that a rule of this host dropped, on its way out, in or through. */
function messagesDropped(signals: Signals): Messages {
  const filtered = headersOfRules(signals);
  const headers = filtered.filter(
    ({ protocol, destinationPort }) => protocol === ICMP && destinationPort === FRAGMENTATION_NEEDED,
  );
  const all = droppedFor(signals, ...RULE_CAUSES);
  return { headers, packets: filtered.length === 0 ? 0 : Math.round((all * headers.length) / filtered.length) };
}

/** Packets of connections that go on sending too large ones long after they were told. */
function stubbornSenders(signals: Signals, headers: readonly DroppedHeader[]): DroppedHeader[] {
  const flows = new Map<string, DroppedHeader[]>();
  for (const header of headers) {
    const key = [header.protocol, header.source, header.sourcePort, header.destination, header.destinationPort].join(
      " ",
    );
    flows.set(key, [...(flows.get(key) ?? []), header]);
  }
  return [...flows.values()].filter((flow) => isStubborn(signals, flow)).flat();
}

function isStubborn(signals: Signals, flow: readonly DroppedHeader[]): boolean {
  const times = flow.map(({ secondsAgo = 0 }) => secondsAgo);
  const { source = "", protocol } = flow[0] ?? {};
  const after = isInside(signals, source) ? STILL_SENDING_AFTER.inside : STILL_SENDING_AFTER.outside;
  if (Math.max(...times) - Math.min(...times) < after) return false;
  return protocol === TCP || flow.length >= MORE_THAN_TRYING;
}

function observe(
  signals: Signals,
  dropped: number,
  messages: Messages,
  senders: readonly DroppedHeader[],
): Observation {
  const where = groupHeaders(senders, ({ destination }) => destination && narrowLink(signals, destination));
  const [link] = where;
  const longest = Math.max(0, ...senders.map(({ length }) => length));
  const top = topOf(
    dropped > 0 ? "Whose packets are too large" : "Messages dropped",
    dropped > 0 ? senders : messages.headers,
    dropped > 0
      ? undefined
      : ({ source, destination, interface: name }) => `from ${source} to ${destination} on ${name}`,
  );
  const evidence: Evidence[] = [
    {
      what: "packets too large for the next link (reason PKT_TOO_BIG, Ip.FragFails)",
      value: formatCount(dropped),
      meaning: `${formatRate(perSecond(signals, dropped))}${longest > 0 ? `, up to ${formatCount(longest)} bytes` : ""}`,
    },
    {
      what: "messages sent that say so (among Icmp.OutDestUnreachs)",
      value: `+${formatCount(deltaOf(signals, "Icmp.OutDestUnreachs"))}`,
    },
    {
      what: "such messages dropped by rules of this host",
      value: formatCount(messages.packets),
      meaning: messages.packets > 0 ? "ICMP type 3 code 4" : "they get lost elsewhere, or the senders do not listen",
    },
  ];
  if (link !== undefined) evidence.push({ what: "the way they go", value: link.key });
  return {
    summary: summaryOf(signals, dropped, messages.packets, link?.key),
    evidence,
    ...(top === undefined ? {} : { top }),
    lostPackets: dropped + messages.packets,
    explains: [
      { cause: "too-big" },
      ...(messages.packets === 0
        ? []
        : [{ cause: messages.headers[0]?.cause === "rule" ? "rule" : "hook", packets: messages.packets }]),
    ],
    fixes: fixes(dropped > 0, messages.packets > 0),
  };
}

function summaryOf(signals: Signals, dropped: number, messages: number, link: string | undefined): string {
  const time = `${signals.seconds.toFixed(1)} s`;
  const told =
    messages > 0
      ? `${formatCount(messages)} messages "fragmentation needed" were dropped by a rule of this host`
      : "their senders go on as if they were not told";
  if (dropped === 0) return `${told} in ${time}`;
  return `${formatCount(dropped)} packets too large ${link === undefined ? "for the next link" : `for ${link}`} in ${time}; ${told}`;
}

function narrowLink(signals: Signals, destination: string): string | undefined {
  const route = lookUpRoute(signals.network, { destination })?.route;
  if (route?.interface === undefined) return undefined;
  const mtu = route.mtu ?? signals.network.links.find(({ name }) => name === route.interface)?.mtu;
  return `${route.interface} (MTU ${mtu ?? "?"}, route ${routeText(route)})`;
}

function fixes(isHere: boolean, isFiltered: boolean): Fix[] {
  const clamp: Fix = {
    text: "Clamp the segment size of TCP to what the route can take, in both directions",
    commands: [
      "nft add table inet meganat-clamp",
      "nft 'add chain inet meganat-clamp forward { type filter hook forward priority mangle; }'",
      "nft add rule inet meganat-clamp forward 'tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu'",
    ],
    effect:
      "new TCP connections never send packets that are too large; those that hang stay so until they are made anew",
    risk: "none; other protocols than TCP are not helped",
    safe: [{ kind: "clamp-segment-size" }],
  };
  const allow: Fix = {
    text: "Let the message pass before the rule that drops it, in input, forward and output: it says that a packet was too large and is part of every connection",
    commands: [
      "nft insert rule FAMILY TABLE CHAIN icmp type destination-unreachable icmp code frag-needed accept",
      "iptables -I CHAIN -p icmp --icmp-type fragmentation-needed -j ACCEPT",
    ],
    effect: "senders make their packets smaller by themselves, TCP and all others",
    risk: "none",
  };
  // The route's MTU says nothing of a narrow link further on.
  if (!isHere) return [allow];
  return isFiltered ? [clamp, allow] : [clamp];
}
