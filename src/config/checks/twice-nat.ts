import { formatIpv4Prefix, type Ipv4Prefix } from "../../address/ipv4-prefix.ts";
import { formatIpv4Range, prefixRange, rangesOverlap } from "../../address/ipv4-range.ts";
import type { DraftGateway } from "../draft.ts";
import { fileProblem, type FileProblem } from "../file-problem.ts";
import type { TwiceNat } from "../gateway.ts";
import type { FilePath } from "../problem.ts";
import type { Entry } from "../schema/entries.ts";
import { networkOf, nextHopProblems } from "./links.ts";
import { publicRanges } from "./public-ranges.ts";

/** Prefixes of twice NAT that cannot be translated into each other or told apart. */
export function* twiceNatProblems(draft: DraftGateway): Generator<FileProblem> {
  for (const [index, { path, value }] of draft.twiceNat.entries()) {
    yield* lengths(path, value);
    yield* withinEntry(path, value);
    yield* amongEntries(path, value, draft.twiceNat.slice(0, index));
    yield* onNetworks(path, value, draft);
    const link = draft.links.find((candidate) => candidate.value.name === value.outside.link)?.value;
    if (value.outside.via !== undefined && link !== undefined) {
      yield* nextHopProblems([...path, "outside", "via"], value.outside.via, link);
    }
  }
}

function* lengths(path: FilePath, entry: TwiceNat): Generator<FileProblem> {
  for (const side of ["inside", "outside"] as const) {
    const { hosts, seenAs } = entry[side];
    if (hosts.length === seenAs.length) continue;
    const message = `${formatIpv4Prefix(hosts)} and ${formatIpv4Prefix(seenAs)} have different lengths`;
    yield fileProblem(
      "twice-nat-length",
      [...path, side, "seen-as"],
      message,
      `write a prefix of length ${hosts.length}`,
    );
  }
}

function* withinEntry(path: FilePath, { inside, outside }: TwiceNat): Generator<FileProblem> {
  if (inside.link === outside.link) {
    const message = `inside and outside are both behind the link ${inside.link}`;
    yield fileProblem("twice-nat-links", [...path, "outside", "link"], message, "write the link of each side");
  }
  yield* apart([...path, "outside", "seen-as"], outside.seenAs, inside.hosts, "the inside hosts that send to it");
  yield* apart([...path, "inside", "seen-as"], inside.seenAs, outside.hosts, "the outside hosts that send to it");
  yield* apart([...path, "outside", "seen-as"], outside.seenAs, inside.seenAs, "what the inside is seen as");
}

function* amongEntries(path: FilePath, entry: TwiceNat, earlier: readonly Entry<TwiceNat>[]): Generator<FileProblem> {
  for (const { value: other } of earlier) {
    yield* apart(
      [...path, "outside", "seen-as"],
      entry.outside.seenAs,
      other.outside.seenAs,
      `the outside of ${other.name}`,
    );
    yield* apart(
      [...path, "outside", "seen-as"],
      entry.outside.seenAs,
      other.inside.seenAs,
      `the inside of ${other.name}`,
    );
    yield* apart(
      [...path, "inside", "seen-as"],
      entry.inside.seenAs,
      other.outside.seenAs,
      `the outside of ${other.name}`,
    );
    // One inside network may talk to several outside ones under the same addresses.
    const isSameInside =
      entry.inside.link === other.inside.link &&
      formatIpv4Prefix(entry.inside.hosts) === formatIpv4Prefix(other.inside.hosts) &&
      formatIpv4Prefix(entry.inside.seenAs) === formatIpv4Prefix(other.inside.seenAs);
    if (!isSameInside) {
      yield* apart(
        [...path, "inside", "seen-as"],
        entry.inside.seenAs,
        other.inside.seenAs,
        `the inside of ${other.name}`,
      );
    }
  }
}

function* onNetworks(path: FilePath, entry: TwiceNat, draft: DraftGateway): Generator<FileProblem> {
  for (const side of ["inside", "outside"] as const) {
    const place = [...path, side, "seen-as"];
    const { seenAs } = entry[side];
    for (const { value: link } of draft.links) {
      for (const prefix of link.addresses)
        yield* apart(place, seenAs, networkOf(prefix), `the network of ${link.name}`);
    }
    for (const item of publicRanges(draft)) {
      if (!rangesOverlap(prefixRange(seenAs), item.range)) continue;
      const message = `${formatIpv4Prefix(seenAs)} overlaps ${formatIpv4Range(item.range)}, public addresses of ${item.owner}`;
      yield fileProblem("twice-nat-overlap", place, message, "write a prefix nothing else uses");
    }
  }
}

function* apart(path: FilePath, a: Ipv4Prefix, b: Ipv4Prefix, what: string): Generator<FileProblem> {
  if (!rangesOverlap(prefixRange(a), prefixRange(b))) return;
  const message = `${formatIpv4Prefix(a)} overlaps ${formatIpv4Prefix(b)}, ${what}`;
  yield fileProblem("twice-nat-overlap", path, message, "write a prefix nothing else uses");
}
