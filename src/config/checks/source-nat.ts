import { formatIpv4Range, mergeRanges, overlapIn, subtractRanges, type Ipv4Range } from "../../address/ipv4-range.ts";
import { countPorts, formatPortRange, type PortRange } from "../../address/port-range.ts";
import type { DraftGateway } from "../draft.ts";
import { fileProblem, type FileProblem } from "../file-problem.ts";
import type { SourceNat } from "../gateway.ts";
import type { FilePath } from "../problem.ts";
import type { Entry } from "../schema/entries.ts";
import { overlaps } from "./overlaps.ts";

/** Rules that translate nothing, twice, or by impossible port blocks. */
export function* sourceNatProblems(draft: DraftGateway): Generator<FileProblem> {
  for (const { path, value: rule } of draft.sourceNat) {
    yield* repeated([...path, "from"], rule.from);
    yield* repeated([...path, "except"], rule.except);
    yield* repeated([...path, "untranslated-to"], rule.untranslatedTo);
    yield* exceptProblems(path, rule);
    yield* blockSize(path, rule, draft);
  }
  yield* shadowedRules(draft.sourceNat);
  yield* sharedTargets(draft);
}

function* repeated(path: FilePath, ranges: readonly Ipv4Range[]): Generator<FileProblem> {
  const items = ranges.map((range, index) => ({ range, index }));
  for (const { later, earlier } of overlaps(items)) {
    const message = `${formatIpv4Range(later.range)} and ${formatIpv4Range(earlier.range)} share addresses`;
    yield fileProblem("ranges-overlap", [...path, later.index], message, "write each address once");
  }
}

function* exceptProblems(path: FilePath, rule: SourceNat): Generator<FileProblem> {
  const from = mergeRanges(rule.from);
  for (const [index, range] of rule.except.entries()) {
    if (overlapIn(from, range) !== undefined) continue;
    const message = `${formatIpv4Range(range)} is not among the sources of rule ${rule.name}`;
    yield fileProblem(
      "except-outside-from",
      [...path, "except", index],
      message,
      "mend the address, or delete the exception",
    );
  }
  if (subtractRanges(rule.from, rule.except).length > 0) return;
  const message = `the exceptions of rule ${rule.name} leave no source to translate`;
  yield fileProblem("no-subscribers", [...path, "except"], message, "except less, or delete the rule");
}

function* blockSize(path: FilePath, rule: SourceNat, draft: DraftGateway): Generator<FileProblem> {
  const size = rule.ports.perSubscriber;
  const ports = targetPorts(rule, draft);
  if (size === undefined || ports === undefined || size <= countPorts(ports)) return;
  const message = `blocks of ${size} ports do not fit the ${countPorts(ports)} ports ${formatPortRange(ports)} of an address`;
  yield fileProblem(
    "block-size",
    [...path, "ports", "per-subscriber"],
    message,
    `write at most ${countPorts(ports)}; 128 to 1024 is usual`,
  );
}

function targetPorts(rule: SourceNat, draft: DraftGateway): PortRange | undefined {
  const { to } = rule;
  if (to.kind === "address") return { first: 1024, last: 65535 };
  if (to.kind === "masquerade") return undefined;
  return draft.pools.find((pool) => pool.value.name === to.pool)?.value.ports;
}

function* shadowedRules(rules: readonly Entry<SourceNat>[]): Generator<FileProblem> {
  const taken = new Map<string, Ipv4Range[]>();
  for (const { path, value: rule } of rules) {
    const subscribers = subtractRanges(rule.from, rule.except);
    const earlier = taken.get(rule.out) ?? [];
    if (subscribers.length > 0 && subtractRanges(subscribers, earlier).length === 0) {
      const message = `earlier rules by the same link translate every source of rule ${rule.name}`;
      yield fileProblem("source-nat-shadowed", [...path, "from"], message, "put this rule before them, or delete it");
    }
    taken.set(rule.out, mergeRanges([...earlier, ...subscribers]));
  }
}

function* sharedTargets(draft: DraftGateway): Generator<FileProblem> {
  const users = new Map<string, SourceNat>();
  for (const { path, value: rule } of draft.sourceNat) {
    const { to } = rule;
    if (to.kind === "masquerade") continue;
    const key = to.kind === "pool" ? `pool ${to.pool}` : `address ${to.address}`;
    const first = users.get(key);
    if (first === undefined) {
      users.set(key, rule);
      continue;
    }
    const what = to.kind === "pool" ? key : "the address";
    if (first.ports.perSubscriber !== undefined || rule.ports.perSubscriber !== undefined) {
      const message = `rules ${first.name} and ${rule.name} both use ${what}, which is dealt out in port blocks`;
      const fix = "give each rule a pool of its own, or make them one rule with a list in from";
      yield fileProblem("pool-shared-with-blocks", [...path, "to"], message, fix);
    }
    const reachedBy =
      to.kind === "address" ? to.reachedBy : draft.pools.find((pool) => pool.value.name === to.pool)?.value.reachedBy;
    if (first.out !== rule.out && first.out !== "" && rule.out !== "" && reachedBy !== "route") {
      const message = `rules ${first.name} (out ${first.out}) and ${rule.name} (out ${rule.out}) use ${what}, but its addresses are on one link`;
      yield fileProblem(
        "pool-on-two-links",
        [...path, "to"],
        message,
        "give each link a pool; a routed pool (reached-by: route) may serve both",
      );
    }
  }
}
