import type { Gateway } from "../config/gateway.ts";
import type { Plan } from "../plan/plan.ts";
import type { NftChain, NftCounter, NftSet, Ruleset } from "./desired-state.ts";
import { rulesetComment } from "./fingerprint.ts";
import { forwardMaps } from "./forwards.ts";
import { guardParts } from "./guard.ts";
import { limitParts } from "./limits/limit-parts.ts";
import { reserveParts } from "./limits/reserve.ts";
import { shapingParts } from "./limits/shaping.ts";
import { interfaceOf } from "./links.ts";
import { quoteInterface, quoteInterfaces } from "./name.ts";
import { addressSet, sourceParts, type SourceParts } from "./source-nat.ts";
import { staticMaps, type StaticMaps } from "./static-nat.ts";
import { uplinkParts } from "./uplinks/uplink-parts.ts";
import { OVERLAP_COUNTER, twiceNatParts, type TwiceNatParts } from "./twice-nat.ts";

/**
 * The table for a plan. Its rules stand still while the file is edited: subscribers, blocks, forwards and static
 * pairs are elements of sets and maps. What the file does not use is not in the table.
 */
export function renderRuleset(plan: Plan): Ruleset {
  const { gateway } = plan;
  const forwards = forwardMaps(gateway.portForwards);
  const statics = staticMaps(gateway.staticNat);
  const sources = plan.sources.map((source) => ({ ...sourceParts(source), out: source.rule.out }));
  const twice = twiceNatParts(gateway.twiceNat, (link) => interfaceOf(gateway, link));
  const guard = guardParts(gateway, sources, statics);
  const more = [reserveParts(gateway), uplinkParts(gateway), shapingParts(plan), limitParts(plan)];
  const listening = [...forwards.rules, ...statics.incoming];
  const sets: NftSet[] = [
    ...(listening.length === 0 ? [] : [publicSet(gateway)]),
    ...forwards.sets,
    ...statics.sets,
    ...sources.flatMap((source) => source.sets),
    ...guard.sets,
    ...more.flatMap((part) => part.sets),
  ];
  const counters: NftCounter[] = [
    ...sources.map((source) => source.counter),
    ...guard.counters,
    ...(twice.input.length === 0 ? [] : [OVERLAP_COUNTER]),
    ...more.flatMap((part) => part.counters),
  ];
  const chains = [
    ...(listening.length === 0 ? [] : [listenChain(listening)]),
    ...sources.map((source) => source.chain),
    ...(listening.length === 0 ? [] : [hairpinChain(gateway, sources, statics)]),
    ...twiceChains(twice),
    ...destinationChains(listening.length > 0, twice),
    ...postroutingChain(gateway, sources, statics, twice, listening.length > 0),
    ...guard.chains,
    ...more.flatMap((part) => part.chains),
  ];
  return {
    family: "ip",
    table: "meganat",
    comment: rulesetComment(gateway.name, { counters, sets, chains }),
    counters,
    sets,
    chains,
  };
}

type Source = SourceParts & { readonly out: string };

/** Only what is sent to these addresses is ever looked up in the maps of forwards and static NAT. */
function publicSet(gateway: Gateway): NftSet {
  const ranges = [
    ...gateway.portForwards.map(({ listen }) => ({ first: listen.address, last: listen.address })),
    ...gateway.staticNat.map((entry) => entry.public),
  ];
  return addressSet("public", ranges, "public addresses with a port forward or a static host");
}

function listenChain(rules: readonly string[]): NftChain {
  return { name: "listen", rules, about: "what arrives at a public address; a port forward goes before a static host" };
}

const HAIRPIN = "ct status dnat ct original ip daddr @public";

/**
 * RFC 4787, REQ-9: who calls a public address from inside appears there with its own public address and port.
 * The last rules are for hosts that have none: an answer must come back through the gateway, so they borrow the
 * gateway's address on their own link.
 */
function hairpinChain(gateway: Gateway, sources: readonly Source[], statics: StaticMaps): NftChain {
  const outs = new Set([...sources.map((source) => source.out), ...statics.outgoing.map(({ out }) => out)]);
  const inner = gateway.links.filter((link) => !outs.has(link.name)).map((link) => quoteInterface(link.interface));
  return {
    name: "hairpin",
    rules: [
      ...statics.outgoing.flatMap(({ statements }) => statements),
      ...sources.map(
        (source) => `${fromInside(gateway, source.out)}ip saddr @${source.from} jump ${source.chain.name}`,
      ),
      ...inner.map((link) => `iifname ${link} oifname ${link} masquerade`),
    ],
    about: "inside hosts that call a public address of this gateway (RFC 4787, REQ-9)",
  };
}

/** Clients outside keep their address even if a rule translates 0.0.0.0/0. With one link for all there is no telling. */
function fromInside(gateway: Gateway, out: string): string {
  const outside = gateway.links.filter((link) => link.name === out || link.gateway !== undefined);
  if (outside.length === gateway.links.length) return "";
  return `iifname != ${quoteInterfaces(outside.map((link) => link.interface))} `;
}

function twiceChains(twice: TwiceNatParts): NftChain[] {
  if (twice.marks.length === 0) return [];
  return [
    {
      name: "twice_marks",
      hook: { type: "filter", hook: "prerouting", priority: "mangle" },
      rules: twice.marks,
      about: "twice NAT: the route to hosts whose addresses mean others here is chosen by mark",
    },
    {
      name: "input",
      hook: { type: "filter", hook: "input", priority: "filter" },
      rules: twice.input,
      about: "twice NAT: an address of the gateway itself hides the same address beyond",
    },
  ];
}

function destinationChains(listens: boolean, twice: TwiceNatParts): NftChain[] {
  const jump = listens ? ["ip daddr @public jump listen"] : [];
  const chains: NftChain[] = [];
  if (jump.length + twice.destination.length > 0) {
    chains.push({
      name: "prerouting",
      hook: { type: "nat", hook: "prerouting", priority: "dstnat" },
      rules: [...jump, ...twice.destination],
    });
  }
  if (listens) {
    chains.push({
      name: "output",
      // The number, because nft 1.0.6 knows the name dstnat in prerouting only.
      hook: { type: "nat", hook: "output", priority: "-100" },
      rules: jump,
      about: "the gateway itself reaches forwards and static hosts by their public address",
    });
  }
  return chains;
}

function postroutingChain(
  gateway: Gateway,
  sources: readonly Source[],
  statics: StaticMaps,
  twice: TwiceNatParts,
  listens: boolean,
): NftChain[] {
  const by = (link: string): string => `oifname ${quoteInterface(interfaceOf(gateway, link))}`;
  const rules = [
    ...twice.source,
    ...statics.outgoing.flatMap(({ out, statements }) => statements.map((statement) => `${by(out)} ${statement}`)),
    ...sources.flatMap((source) => {
      const match = `${by(source.out)} ip saddr @${source.from}`;
      const jump = `${match} jump ${source.chain.name}`;
      return source.untranslated === undefined ? [jump] : [`${match} ip daddr @${source.untranslated} accept`, jump];
    }),
    ...(listens ? [`${HAIRPIN} jump hairpin`] : []),
  ];
  if (rules.length === 0) return [];
  const about = "twice NAT, static NAT, then source NAT in the order of the file";
  return [{ name: "postrouting", hook: { type: "nat", hook: "postrouting", priority: "srcnat" }, rules, about }];
}
