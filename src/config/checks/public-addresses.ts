import { formatIpv4, type Ipv4 } from "../../address/ipv4.ts";
import { broadcast, formatIpv4Prefix, network } from "../../address/ipv4-prefix.ts";
import {
  formatIpv4Range,
  mergeRanges,
  overlapIn,
  prefixRange,
  subtractRanges,
  type Ipv4Range,
} from "../../address/ipv4-range.ts";
import type { DraftGateway } from "../draft.ts";
import { fileProblem, type FileProblem } from "../file-problem.ts";
import { networkOf } from "./links.ts";
import { overlaps } from "./overlaps.ts";
import { publicRanges, type PublicRange } from "./public-ranges.ts";

/** Public addresses that are taken, or cannot be public where they are. */
export function* publicAddressProblems(draft: DraftGateway): Generator<FileProblem> {
  const publics = publicRanges(draft);
  yield* sharedAddresses(publics);
  yield* inLinkNetworks(draft, publics);
  yield* amongSources(draft, publics);
}

function* sharedAddresses(publics: readonly PublicRange[]): Generator<FileProblem> {
  for (const { later, earlier } of overlaps(publics)) {
    const common = formatIpv4Range(commonPart(later.range, earlier.range));
    if (later.owner === earlier.owner) {
      const message = `${common} stands in ${later.owner} twice`;
      yield fileProblem("ranges-overlap", later.path, message, "make the ranges end before the next begins");
    } else {
      const message = `${common} belongs to ${later.owner} and to ${earlier.owner}`;
      yield fileProblem("pools-overlap", later.path, message, `take ${common} out of one of them`);
    }
  }
}

function* inLinkNetworks(draft: DraftGateway, publics: readonly PublicRange[]): Generator<FileProblem> {
  const outside = outsideLinks(draft);
  for (const { value: link } of draft.links) {
    for (const prefix of link.addresses) {
      const net = formatIpv4Prefix(networkOf(prefix));
      const ends = prefix.length > 30 ? [] : [network(prefix), broadcast(prefix)];
      for (const item of publics) {
        // What is not in the network of an inside link may still be if an entry could not be read.
        if (draft.isComplete && !outside.has(link.name) && meet(item.range, prefixRange(prefix))) {
          yield insideNetwork(item, link.name, net);
          continue;
        }
        for (const end of ends) {
          if (holds(item.range, end)) yield networkAddress(item, end, `${net}, the network of ${link.name}`);
        }
        if (holds(item.range, prefix.address)) yield* ownAddress(item, prefix.address, link.name);
      }
    }
    for (const item of publics) {
      if (link.gateway !== undefined && holds(item.range, link.gateway)) yield nextHop(item, link.gateway, link.name);
    }
  }
}

function* amongSources(draft: DraftGateway, publics: readonly PublicRange[]): Generator<FileProblem> {
  for (const { path, value: rule } of draft.sourceNat) {
    const subscribers = mergeRanges(subtractRanges(rule.from, rule.except));
    for (const item of publics) {
      const source = overlapIn(subscribers, item.range);
      if (source === undefined) continue;
      const common = formatIpv4Range(commonPart(source, item.range));
      const message = `${common} is a source of rule ${rule.name} and a public address of ${item.owner}`;
      yield fileProblem(
        "pool-overlaps-source",
        [...path, "from"],
        message,
        `take ${common} out of from, or add it to except`,
      );
      break;
    }
  }
}

function outsideLinks(draft: DraftGateway): Set<string> {
  return new Set([
    ...draft.sourceNat.map((rule) => rule.value.out),
    ...draft.staticNat.map((entry) => entry.value.out),
    ...draft.twiceNat.map((entry) => entry.value.outside.link),
    ...draft.links.filter((link) => link.value.gateway !== undefined).map((link) => link.value.name),
  ]);
}

function insideNetwork(item: PublicRange, link: string, net: string): FileProblem {
  const message = `${formatIpv4Range(item.range)} of ${item.owner} lies in ${net}, the network of the inside link ${link}`;
  const fix =
    "use addresses that are in no inside network; if the link is an outside one, give it a gateway or a rule with out";
  return fileProblem("pool-overlaps-inside", item.path, message, fix);
}

function networkAddress(item: PublicRange, end: Ipv4, net: string): FileProblem {
  const message = `${formatIpv4(end)} of ${item.owner} is the network or broadcast address of ${net}`;
  return fileProblem("address-is-network", item.path, message, `leave ${formatIpv4(end)} out`);
}

// A pool may hold the gateway's own address when that stays its address: both share the ports.
function* ownAddress(item: PublicRange, address: Ipv4, link: string): Generator<FileProblem> {
  if (item.kind !== "static" && item.reachedBy === "address") return;
  const shown = formatIpv4(address);
  const why =
    item.kind === "static"
      ? "all its packets would go to the inside host"
      : `reached-by: ${item.reachedBy} takes it away`;
  const message = `${shown} of ${item.owner} is the gateway's own address on ${link}; ${why}`;
  yield fileProblem("pool-takes-gateway", item.path, message, `leave ${shown} out`);
}

function nextHop(item: PublicRange, gateway: Ipv4, link: string): FileProblem {
  const shown = formatIpv4(gateway);
  const message = `${shown} of ${item.owner} is the next hop of ${link}: another machine has it`;
  return fileProblem("pool-takes-gateway", item.path, message, `leave ${shown} out`);
}

function commonPart(a: Ipv4Range, b: Ipv4Range): Ipv4Range {
  return { first: Math.max(a.first, b.first), last: Math.min(a.last, b.last) };
}

function holds(range: Ipv4Range, address: Ipv4): boolean {
  return range.first <= address && address <= range.last;
}

function meet(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}
