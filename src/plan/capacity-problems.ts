import type { FilePath } from "../config/problem.ts";
import { TIMEOUT_NAMES, type Gateway } from "../config/gateway.ts";
import { formatBytes, formatCount, formatNoun, formatSeconds, formatShare } from "./figures.ts";
import type { HostFacts } from "./host-facts.ts";
import type { ExhaustionPlan, RatePlan, SourcePlan, TablePlan, TimeoutPlan } from "./plan.ts";
import { planProblem, type PlanProblem } from "./problem.ts";
import { requiredMemory } from "./table.ts";

/** The table may take this part of the host's memory without a word, and this part at most. */
export const MEMORY_SHARE = { warn: 0.5, refuse: 0.75 } as const;

/** Share of the host's memory below which the extension blocks are nobody's worry: a home gateway has a few MiB of them. */
const EXTENSIONS_SHARE_WARN = 0.01;

/** Mean chain from which the kernel refuses entries (it does so at a random length of 50 to 79), and from which it is slow. */
export const MEAN_CHAIN = { warn: 8, refuse: 32 } as const;

/** Entries the kernel's garbage collection removes each second (64,000/HZ, then a pause of one jiffy; nf_conntrack_core.c). */
export const EXPIRIES_PER_SECOND = 64_000;

/** From a day on, forgotten connections fill the table. */
const VERY_LONG_SECONDS = 86_400;

/** One connection in so many refused is felt. */
const FELT = 0.001;

const CAPACITY: FilePath = ["capacity"];

/** What is wrong or unwise with the table, its memory, the timers and the rates. */
export function capacityProblems(
  gateway: Gateway,
  sources: readonly SourcePlan[],
  facts: HostFacts,
  table: TablePlan,
  rates: RatePlan,
  timeouts: readonly TimeoutPlan[],
): PlanProblem[] {
  return [
    ...memory(table),
    ...hashes(sources, facts, table),
    ...rate(gateway, table, rates),
    ...timers(gateway, facts, timeouts),
  ];
}

/** More subscribers expected than there are sources. */
export function* subscriberProblems(
  gateway: Gateway,
  sources: readonly SourcePlan[],
  inside: number,
): Generator<PlanProblem> {
  const expected = gateway.capacity.subscribers;
  if (expected === undefined || sources.length === 0 || expected <= inside) return;
  yield planProblem(
    "subscribers-beyond-sources",
    "warning",
    ["capacity", "subscribers"],
    `The file expects ${formatCount(expected)} subscribers, but its rules translate ${formatNoun(inside, "address", "addresses")}.`,
    "Widen `from` of a rule, or correct the number.",
  );
}

/** Ports of one destination running out, at the load that is assumed. */
export function* exhaustionProblems(
  exhaustion: readonly ExhaustionPlan[],
  sources: readonly SourcePlan[],
): Generator<PlanProblem> {
  for (const plan of exhaustion) {
    const load = plan.loads[0];
    const i = sources.findIndex(({ rule }) => rule.name === plan.rule);
    if (load === undefined || load.refusalChance < FELT) continue;
    yield planProblem(
      "ports-run-out",
      "warning",
      ["source-nat", i, "to"],
      `If ${formatShare(load.share)} of the connections of rule ${plan.rule} go to one destination, they need ${formatShare(load.occupancy)} of its ports: ${formatShare(load.refusalChance)} of new ones are refused.`,
      `Give the rule ${Math.ceil(load.occupancy / 0.8)} times as many public addresses.`,
    );
  }
}

function* memory(table: TablePlan): Generator<PlanProblem> {
  const bytes = requiredMemory(table);
  const share = bytes / table.hostMemoryBytes;
  const figures = `${formatCount(table.required)} entries take ${formatBytes(bytes)}, ${formatShare(share)} of the ${formatBytes(table.hostMemoryBytes)} this host has`;
  if (share > MEMORY_SHARE.refuse) {
    const each = table.extensions.length > 0 ? table.bytesPerConnectionWithExtensions : table.bytesPerConnection;
    const fits = Math.floor((table.hostMemoryBytes * MEMORY_SHARE.warn) / (each + 8) / 1.25);
    yield planProblem(
      "memory-exceeded",
      "error",
      CAPACITY,
      `${figures}; more than ${formatShare(MEMORY_SHARE.refuse)} is refused.`,
      `Expect at most ${formatCount(fits)} connections on this host (capacity.subscribers x connections-per-subscriber), or give it more memory.`,
    );
  } else if (share > MEMORY_SHARE.warn) {
    yield planProblem(
      "memory-high",
      "warning",
      CAPACITY,
      `${figures}.`,
      "Leave room for everything else on the host: more memory, or shorter timeouts.",
    );
  }
  const extra = table.required * (table.bytesPerConnectionWithExtensions - table.bytesPerConnection);
  if (table.extensions.length > 0 && extra / table.hostMemoryBytes > EXTENSIONS_SHARE_WARN) {
    yield planProblem(
      "extensions-cost",
      "warning",
      CAPACITY,
      `Connections carry an extension block of ${table.bytesPerConnectionWithExtensions - table.bytesPerConnection} bytes, ${formatBytes(extra)} in all: ${table.extensions.join("; ")}.`,
      "Translate to a fixed address in place of masquerade, and turn the settings named off (events: 2), if nobody needs them.",
    );
  }
}

function* hashes(sources: readonly SourcePlan[], facts: HostFacts, table: TablePlan): Generator<PlanProblem> {
  const canResize = facts.isHostNamespace && facts.writable.has("net.netfilter.nf_conntrack_buckets");
  if (table.bucketsNow !== undefined && !canResize) {
    const chain = (2 * table.expectedConnections) / table.bucketsNow;
    const message = `The host has ${formatCount(table.bucketsNow)} buckets, which cannot be changed from here: with ${formatCount(table.expectedConnections)} connections a chain holds ${formatCount(Math.round(chain))} on average`;
    const fix = `On the host itself: sysctl -w net.netfilter.nf_conntrack_buckets=${table.requiredBuckets}`;
    if (chain > MEAN_CHAIN.refuse) {
      yield planProblem(
        "buckets-too-few",
        "error",
        CAPACITY,
        `${message}; at 50 to 79 the kernel refuses new ones.`,
        fix,
      );
    } else if (chain > MEAN_CHAIN.warn) {
      yield planProblem("chains-long", "warning", CAPACITY, `${message}.`, fix);
    }
  }
  yield* bysource(sources, table);
}

/** The NAT's table by source is too small: rules that preserve ports suffer, and others were made random for it. */
function* bysource(sources: readonly SourcePlan[], table: TablePlan): Generator<PlanProblem> {
  if (table.bysourceMeanChain <= MEAN_CHAIN.warn) return;
  const slots = `The NAT's table by source has ${formatCount(table.bysourceBuckets)} slots since boot${table.bysourceAssumed ? " (assumed)" : ""}: ${formatCount(table.expectedConnections)} connections make chains of ${formatCount(Math.round(table.bysourceMeanChain))}`;
  const boot = `Boot with nf_conntrack.hashsize=${table.requiredBuckets} (or in /etc/modprobe.d: options nf_conntrack hashsize=${table.requiredBuckets})`;
  const preserving = sources.findIndex(({ rule }) => rule.ports.selection === "preserve");
  if (preserving >= 0) {
    yield planProblem(
      "bysource-chains",
      "warning",
      ["source-nat", preserving, "ports", "selection"],
      `${slots}, walked for every new connection of rule ${sources[preserving]?.rule.name ?? ""}.`,
      `${boot}, or set selection: random, which skips that table.`,
    );
  }
  const chosen = sources.findIndex(
    ({ rule, selection }) => rule.ports.selection === undefined && selection === "random",
  );
  if (chosen >= 0) {
    yield planProblem(
      "ports-at-random",
      "warning",
      ["source-nat", chosen],
      `${slots}. So rule ${sources[chosen]?.rule.name ?? ""} chooses ports at random, which does not look there; but no source keeps its port, nor one public port for all destinations, which games and calls between subscribers like.`,
      `${boot}; or say which you want: ports: { selection: random }, or preserve, with new connections at about half the rate when the table is full.`,
    );
  }
}

function* rate(gateway: Gateway, table: TablePlan, rates: RatePlan): Generator<PlanProblem> {
  if (rates.from !== "file") return;
  const path: FilePath = ["capacity", "new-connections-per-second"];
  if (rates.entries > table.max) {
    yield planProblem(
      "rate-exceeds-table",
      "warning",
      path,
      `${formatCount(rates.newConnectionsPerSecond)} new connections a second that stay ${formatSeconds(rates.meanSeconds)} on average (an assumption) make ${formatCount(rates.entries)} entries; the table holds ${formatCount(table.max)}.`,
      `Raise connections-per-subscriber to ${formatCount(Math.ceil(rates.entries / Math.max(1, table.subscribers)))}, or shorten the timeouts (profile now: ${gateway.capacity.timeouts.profile}).`,
    );
  }
  if (rates.newConnectionsPerSecond > EXPIRIES_PER_SECOND) {
    yield planProblem(
      "expiry-too-fast",
      "warning",
      path,
      `${formatCount(rates.newConnectionsPerSecond)} connections end each second, but garbage collection removes about ${formatCount(EXPIRIES_PER_SECOND)}: dead entries pile up.`,
      "Leave more head-room in the table, or spread the load over more machines.",
    );
  }
}

function* timers(gateway: Gateway, facts: HostFacts, timeouts: readonly TimeoutPlan[]): Generator<PlanProblem> {
  const byHand = gateway.capacity.timeouts.seconds;
  const left: string[] = [];
  for (const plan of timeouts) {
    const isByHand = TIMEOUT_NAMES.some((name) => name === plan.name && byHand[name] !== undefined);
    const path: FilePath = isByHand ? ["capacity", "timeouts", plan.name] : ["capacity", "timeouts"];
    if (isByHand && plan.now === undefined && "net.netfilter.nf_conntrack_max" in facts.sysctls) {
      yield planProblem(
        "timeout-unknown",
        "warning",
        path,
        `This kernel has no timeout ${plan.name} (net.netfilter.${plan.sysctl}).`,
        "Take it out of the file, or load the kernel module of that protocol.",
      );
    }
    if (plan.name === "tcp-established" && plan.proposed >= VERY_LONG_SECONDS) {
      const more = Math.max(0, -(plan.entriesSaved ?? 0));
      yield planProblem(
        "established-very-long",
        "warning",
        path,
        `Connections that nobody closes stay ${formatSeconds(plan.proposed)}: about ${formatCount(more)} entries more than with 2 h 4 min, if 1 in 100 is left open.`,
        "Use timeouts: rfc, or set tcp-established to 2h4m or a few hours more.",
      );
    }
    if (plan.rfcMinimum === undefined || plan.proposed >= plan.rfcMinimum) continue;
    const rfc = plan.rfc ?? "";
    if (!isByHand && plan.proposed === plan.now) {
      left.push(`${plan.name} ${formatSeconds(plan.proposed)} (${rfc}: ${formatSeconds(plan.rfcMinimum)})`);
      continue;
    }
    const times = Math.round(plan.rfcMinimum / Math.max(1, plan.proposed));
    const saved = plan.entriesSaved ?? 0;
    const price = saved > 0 ? `; it saves about ${formatCount(saved)} entries` : "";
    yield planProblem(
      "timeout-below-rfc",
      "warning",
      path,
      `${plan.name} is ${formatSeconds(plan.proposed)}, and ${rfc} asks at least ${formatSeconds(plan.rfcMinimum)}${times > 1 ? `, ${times} times as long` : ""}: quiet but living connections are cut${price}.`,
      `Set ${plan.name} to ${plan.rfcMinimum}s or more, or use timeouts: rfc.`,
    );
  }
  if (left.length === 0) return;
  yield planProblem(
    "timeout-below-rfc",
    "warning",
    ["capacity", "timeouts"],
    `The kernel's own timeouts are left as they are, shorter than an RFC asks: ${left.join(", ")}.`,
    "Use timeouts: rfc.",
  );
}
