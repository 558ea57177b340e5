import { countAddresses, mergeRanges } from "../address/ipv4-range.ts";
import type { Gateway } from "../config/gateway.ts";
import type { FilePath } from "../config/problem.ts";
import { blockProblems } from "./block-problems.ts";
import { formatCount, formatNoun } from "./figures.ts";
import { countCommon } from "./neighbours.ts";
import type { SourcePlan } from "./plan.ts";
import { planProblem, type PlanProblem } from "./problem.ts";
import { POOL_ADDRESSES_MAX, targetOf } from "./sources.ts";

/** Subscribers for one shared address above which each has fewer than 64 ports towards the same server. */
export const SUBSCRIBERS_PER_ADDRESS_MAX = 1000;

/** What is wrong or unwise with the addresses, ports and blocks of each rule. */
export function sourceProblems(gateway: Gateway, sources: readonly SourcePlan[]): PlanProblem[] {
  return [
    ...sources.flatMap((source, i) => {
      const path = addressPath(gateway, source, i);
      const own =
        source.blocks === undefined
          ? sharedProblems(gateway, source, path)
          : blockProblems(gateway, source, source.blocks, i, path);
      return [...poolSize(gateway, source, path), ...own];
    }),
    ...countedTwice(sources),
  ];
}

/** Where the file names the rule's public addresses. */
function addressPath(gateway: Gateway, { rule }: SourcePlan, i: number): FilePath {
  const to = rule.to;
  const named = to.kind === "pool" && gateway.pools.some(({ name }) => name === to.pool);
  return named ? ["pools", to.pool, "addresses"] : ["source-nat", i, "to"];
}

function* poolSize(gateway: Gateway, source: SourcePlan, path: FilePath): Generator<PlanProblem> {
  const count = countAddresses(targetOf(gateway, source.rule)?.addresses ?? []);
  if (count <= POOL_ADDRESSES_MAX) return;
  yield planProblem(
    "pool-too-large",
    "error",
    path,
    `The pool of rule ${source.rule.name} has ${formatCount(count)} addresses; a plan goes up to ${formatCount(POOL_ADDRESSES_MAX)}.`,
    "Name only the public addresses that are yours to translate to.",
  );
}

function* sharedProblems(gateway: Gateway, source: SourcePlan, path: FilePath): Generator<PlanProblem> {
  const { rule, translationsPerDestination: ports } = source;
  if (ports === 0) {
    yield planProblem(
      "pool-without-ports",
      "error",
      path,
      `Rule ${rule.name} has no port left: port forwards listen on all of them.`,
      "Let the port forwards listen on fewer ports, or give the rule an address of its own.",
    );
    return;
  }
  const addresses = rule.to.kind === "masquerade" ? 1 : source.addresses.length;
  const named = countAddresses(targetOf(gateway, rule)?.addresses ?? []);
  if (named > addresses && named <= POOL_ADDRESSES_MAX) {
    yield planProblem(
      "address-without-ports",
      "warning",
      path,
      `Port forwards take every port of ${formatNoun(named - addresses, "address", "addresses")} of rule ${rule.name}; ${formatCount(addresses)} are left for source NAT.`,
      "Take those addresses out of the pool: then the file says what happens.",
    );
  }
  // With a prefix as source, the file may say that only so many are really there.
  const subscribers = Math.min(source.subscriberCount, gateway.capacity.subscribers ?? Infinity);
  const fewer =
    gateway.capacity.subscribers === undefined ? ", or say with capacity.subscribers how many there really are" : "";
  if (subscribers > ports) {
    yield planProblem(
      "pool-cannot-serve",
      "error",
      path,
      `${formatCount(subscribers)} subscribers of rule ${rule.name} share ${formatCount(ports)} ports: not even one each towards the same server.`,
      `Give the rule ${formatCount(Math.ceil((subscribers * addresses) / ports))} public addresses or more${fewer}.`,
    );
  } else if (subscribers / addresses > SUBSCRIBERS_PER_ADDRESS_MAX) {
    yield planProblem(
      "subscribers-per-address",
      "warning",
      path,
      `${formatCount(Math.round(subscribers / addresses))} subscribers of rule ${rule.name} share each public address: about ${formatNoun(Math.floor(ports / subscribers), "port")} for each towards the same server.`,
      `Give the rule ${formatCount(Math.ceil(subscribers / SUBSCRIBERS_PER_ADDRESS_MAX))} public addresses or more, one for every ${formatCount(SUBSCRIBERS_PER_ADDRESS_MAX)} subscribers${fewer}.`,
    );
  }
}

function* countedTwice(sources: readonly SourcePlan[]): Generator<PlanProblem> {
  for (const [i, source] of sources.entries()) {
    const own = mergeRanges(source.subscribers);
    for (const earlier of sources.slice(0, i)) {
      if (earlier.rule.out !== source.rule.out) continue;
      const common = countCommon(own, mergeRanges(earlier.subscribers));
      if (common === 0 || common === countAddresses(own)) continue;
      const blocks = source.blocks === undefined ? "" : "; their port blocks here are never used";
      yield planProblem(
        "subscribers-counted-twice",
        "warning",
        ["source-nat", i, "from"],
        `Rule ${earlier.rule.name} comes first and takes ${formatCount(common)} of the ${formatCount(source.subscriberCount)} sources of rule ${source.rule.name}${blocks}.`,
        `Name each source in one rule only, or put rule ${source.rule.name} before ${earlier.rule.name}.`,
      );
    }
  }
}
