import type { Gateway } from "../config/gateway.ts";
import type { NftChain, NftCounter, NftSet } from "./desired-state.ts";
import { interfaceOf } from "./links.ts";
import { quoteInterface, quoteInterfaces } from "./name.ts";
import { placePublicAddresses } from "./public-addresses.ts";
import { addressSet, type SourceParts } from "./source-nat.ts";
import type { StaticMaps } from "./static-nat.ts";

/** What keeps untranslated packets from leaving, and stray ones from going round. */
export interface GuardParts {
  readonly sets: readonly NftSet[];
  readonly counters: readonly NftCounter[];
  readonly chains: readonly NftChain[];
}

const INVALID = { name: "dropped_invalid", about: "packets that belong to no connection the kernel can follow" };
const UNTRANSLATED = { name: "dropped_untranslated", about: "packets that would have left with an inside address" };
const UNSOLICITED = { name: "dropped_unsolicited", about: "packets for a routed public address nobody asked for" };

/** The chains `forward` and `guard`, which filter only as far as NAT needs it. */
export function guardParts(
  gateway: Gateway,
  sources: readonly (SourceParts & { readonly out: string })[],
  statics: StaticMaps,
): GuardParts {
  const outs = [...sources.map((source) => source.out), ...statics.outgoing.map(({ out }) => out)];
  for (const { link } of gateway.uplinks ?? []) outs.push(link);
  const interfaces = [...new Set(outs)].map((out) => interfaceOf(gateway, out));
  const routed = placePublicAddresses(gateway)
    .filter(({ reachedBy }) => reachedBy !== "address")
    .map(({ range }) => range);

  const sets: NftSet[] = [];
  const counters: NftCounter[] = [];
  const forward: string[] = [];
  if (interfaces.length > 0) {
    // The tracker gives up on such packets, so they are not translated: neither way may they cross.
    const drop = `ct state invalid counter name "${INVALID.name}" drop`;
    forward.push(`iifname ${quoteInterfaces(interfaces)} ${drop}`, `oifname ${quoteInterfaces(interfaces)} ${drop}`);
    counters.push(INVALID, UNTRANSLATED);
  }
  if (routed.length > 0) {
    sets.push(
      addressSet("routed", routed, "public addresses that are no address of the gateway; their route ends in lo"),
    );
    forward.push(`oifname "lo" ip daddr @routed counter name "${UNSOLICITED.name}" drop`);
    counters.push(UNSOLICITED);
  }
  const chains: NftChain[] = [];
  if (forward.length > 0) {
    chains.push({
      name: "forward",
      hook: { type: "filter", hook: "forward", priority: "filter" },
      rules: forward,
    });
  }
  if (interfaces.length > 0) chains.push(guardChain(gateway, sources, statics, interfaces));
  return { sets, counters, chains };
}

/**
 * Runs after source NAT, for every packet: the first two rules let nearly all of them go. The rest repeats the
 * order of postrouting. An address of the gateway's own is no leak, even if a rule counts it among its subscribers.
 */
function guardChain(
  gateway: Gateway,
  sources: readonly (SourceParts & { readonly out: string })[],
  statics: StaticMaps,
  interfaces: readonly string[],
): NftChain {
  const by = (link: string): string => `oifname ${quoteInterface(interfaceOf(gateway, link))}`;
  const drop = `fib saddr type != local counter name "${UNTRANSLATED.name}" drop`;
  const uplinks = (gateway.uplinks ?? []).map(({ link }) => interfaceOf(gateway, link));
  const byUplink = new Set(gateway.uplinks?.map(({ link }) => link));
  // Nobody has leave to be untranslated by an uplink that no rule of theirs names.
  const strays = [
    ...statics.outgoing.flatMap(({ out, hosts }) => (byUplink.has(out) ? [hosts] : [])),
    ...sources.flatMap(({ out, from }) => (byUplink.has(out) ? [from] : [])),
  ].map((set) => `oifname ${quoteInterfaces(uplinks)} ip saddr @${set} ${drop}`);
  return {
    name: "guard",
    hook: { type: "filter", hook: "postrouting", priority: "srcnat + 10" },
    rules: [
      `oifname != ${quoteInterfaces(interfaces)} accept`,
      "ct status snat accept",
      ...statics.outgoing.map(({ out, hosts }) => `${by(out)} ip saddr @${hosts} ${drop}`),
      ...sources.flatMap((source) => {
        const match = `${by(source.out)} ip saddr @${source.from}`;
        const last = `${match} ${drop}`;
        return source.untranslated === undefined ? [last] : [`${match} ip daddr @${source.untranslated} accept`, last];
      }),
      ...strays,
    ],
    about: "drops what would leave with an inside address: protocols nobody maps, connections older than their rule",
  };
}
