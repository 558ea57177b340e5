import type { Gateway } from "../config/gateway.ts";
import { formatCount, formatSeconds } from "./figures.ts";
import type { HostFacts } from "./host-facts.ts";
import type { NeighbourPlan, SysctlProposal, TablePlan, TimeoutPlan } from "./plan.ts";
import { SMALL_TABLE } from "./table.ts";

/** Neighbour thresholds of a kernel that was told nothing. */
export const NEIGHBOUR_DEFAULTS = { gc_thresh1: 128, gc_thresh2: 512, gc_thresh3: 1024 } as const;

/** Whether packets are matched with sockets of the machine before they are routed. */
export const EARLY_DEMUX = "net.ipv4.ip_early_demux";

interface Wanted {
  readonly name: string;
  readonly value: string;
  readonly scope: "host" | "namespace";
  readonly atLeast?: boolean;
  readonly reason: string;
}

/** Every kernel setting that is not as this gateway needs it; what is right already is left out. */
export function planSysctls(
  gateway: Gateway,
  facts: HostFacts,
  table: TablePlan,
  timeouts: readonly TimeoutPlan[],
  neighbours: NeighbourPlan,
): SysctlProposal[] {
  return [
    ...forwarding(gateway, facts, table),
    ...tableSize(table),
    ...timeouts.map(timeout),
    ...reversePath(gateway, facts),
    ...neighbourTable(neighbours, facts),
    ...proxyDelay(gateway),
  ].flatMap((wanted) => propose(wanted, facts));
}

/** How sysctl(8) writes an interface in a name: its dots become slashes. */
export function interfaceInName(name: string): string {
  return name.replaceAll(".", "/");
}

function propose(wanted: Wanted, facts: HostFacts): SysctlProposal[] {
  const now = facts.sysctls[wanted.name];
  if (now === wanted.value) return [];
  if (wanted.atLeast === true && now !== undefined && Number(now) >= Number(wanted.value)) return [];
  // A name the kernel does not show yet may appear with its module; a host-wide one never does in a namespace.
  const writable =
    now === undefined ? wanted.scope === "namespace" || facts.isHostNamespace : facts.writable.has(wanted.name);
  return [
    {
      name: wanted.name,
      ...(now === undefined ? {} : { now }),
      proposed: wanted.value,
      scope: wanted.scope,
      ...(wanted.atLeast === undefined ? {} : { atLeast: wanted.atLeast }),
      writable,
      reason: wanted.reason,
    },
  ];
}

function* forwarding(gateway: Gateway, facts: HostFacts, table: TablePlan): Generator<Wanted> {
  yield {
    name: "net.ipv4.ip_forward",
    value: "1",
    scope: "namespace",
    reason: "without it the kernel drops every packet that is not for itself",
  };
  // Worth a setting on a large gateway, and no warning where it cannot be written.
  if (table.required > SMALL_TABLE && facts.writable.has(EARLY_DEMUX)) {
    yield {
      name: EARLY_DEMUX,
      value: "0",
      scope: "namespace",
      reason: "what passes through is for no socket here: looking for one first costs 4 % of a new connection",
    };
  }
  // Turning ip_forward on turns it on for every interface; so these matter only where it is on already.
  if (facts.sysctls["net.ipv4.ip_forward"] !== "1") return;
  for (const link of gateway.links) {
    const name = `net.ipv4.conf.${interfaceInName(link.interface)}.forwarding`;
    if (facts.sysctls[name] !== "0") continue;
    yield {
      name,
      value: "1",
      scope: "namespace",
      reason: `forwarding is on, but not for packets that come in by link ${link.name}`,
    };
  }
}

function* tableSize(table: TablePlan): Generator<Wanted> {
  if (table.required === 0) return;
  yield {
    name: "net.netfilter.nf_conntrack_max",
    value: String(table.required),
    scope: "host",
    atLeast: true,
    reason: `${formatCount(table.expectedConnections)} connections expected, a quarter more as head-room`,
  };
  yield {
    name: "net.netfilter.nf_conntrack_buckets",
    value: String(table.requiredBuckets),
    scope: "host",
    atLeast: true,
    reason: `${bucketsWord(table.requiredBuckets / table.required)}: each is in the table twice, so a bucket of a full one holds ${(2 * table.required) / table.requiredBuckets} on average`,
  };
}

function bucketsWord(each: number): string {
  return each === 1 ? "as many as entries" : `${each} for each entry`;
}

function timeout(plan: TimeoutPlan): Wanted {
  const floor =
    plan.rfcMinimum === undefined ? "" : `; ${plan.rfc ?? ""} asks at least ${formatSeconds(plan.rfcMinimum)}`;
  const entries = plan.entriesSaved ?? 0;
  const price =
    entries === 0
      ? ""
      : `; about ${formatCount(Math.abs(entries))} entries ${entries > 0 ? "fewer" : "more"} than by the RFCs`;
  return {
    name: `net.netfilter.${plan.sysctl}`,
    value: String(plan.proposed),
    scope: "namespace",
    reason: `an idle ${plan.name} entry stays ${formatSeconds(plan.proposed)}${floor}${price}`,
  };
}

/** Strict reverse path filtering drops what comes in by another link than the one an answer would take. */
function* reversePath(gateway: Gateway, facts: HostFacts): Generator<Wanted> {
  const reasons = new Map<string, string>();
  const uplinks = gateway.links.filter((link) => link.gateway !== undefined);
  if (uplinks.length > 1) {
    for (const link of uplinks)
      reasons.set(link.interface, "answers may come in by another link than the default route's");
  }
  for (const rule of gateway.twiceNat) {
    const link = gateway.links.find(({ name }) => name === rule.outside.link);
    const reason = `twice NAT ${rule.name}: hosts out there have addresses that are routed inside`;
    if (link !== undefined) reasons.set(link.interface, reason);
  }
  const all = facts.sysctls["net.ipv4.conf.all.rp_filter"] ?? "0";
  for (const [device, reason] of reasons) {
    const name = `net.ipv4.conf.${interfaceInName(device)}.rp_filter`;
    // The kernel takes the larger of `all` and the interface's own; only 1 is strict.
    const now = facts.sysctls[name] ?? facts.sysctls["net.ipv4.conf.default.rp_filter"] ?? "0";
    if (Math.max(Number(all), Number(now)) !== 1) continue;
    yield { name, value: "2", scope: "namespace", reason: `${reason}; strict filtering (1) would drop them` };
  }
}

function* neighbourTable(neighbours: NeighbourPlan, facts: HostFacts): Generator<Wanted> {
  const thresholds = [
    { key: "gc_thresh1", times: 1, what: "entries kept without garbage collection" },
    { key: "gc_thresh2", times: 2, what: "entries kept for more than 5 s" },
    { key: "gc_thresh3", times: 4, what: "entries at most; beyond, packets to new hosts are dropped" },
  ] as const;
  const now = (key: keyof typeof NEIGHBOUR_DEFAULTS): number =>
    Number(facts.sysctls[`net.ipv4.neigh.default.${key}`] ?? NEIGHBOUR_DEFAULTS[key]);
  for (const { key, times, what } of thresholds) {
    if (neighbours.hosts <= NEIGHBOUR_DEFAULTS.gc_thresh1 || now(key) >= neighbours.hosts * times) continue;
    yield {
      name: `net.ipv4.neigh.default.${key}`,
      value: String(neighbours.hosts * times),
      scope: "host",
      atLeast: true,
      reason: `${formatCount(neighbours.hosts)} hosts are on the links themselves; ${what}`,
    };
  }
}

/** The kernel answers proxied ARP requests after a random time up to proxy_delay, 0.8 s if nothing is said. */
function* proxyDelay(gateway: Gateway): Generator<Wanted> {
  const outs = new Set<string>();
  for (const rule of gateway.sourceNat) {
    const reachedBy =
      rule.to.kind === "address"
        ? rule.to.reachedBy
        : gateway.pools.find((pool) => rule.to.kind === "pool" && pool.name === rule.to.pool)?.reachedBy;
    if (reachedBy === "proxy-arp") outs.add(rule.out);
  }
  for (const rule of gateway.staticNat) if (rule.reachedBy === "proxy-arp") outs.add(rule.out);
  for (const link of gateway.links) {
    if (!outs.has(link.name)) continue;
    yield {
      name: `net.ipv4.neigh.${interfaceInName(link.interface)}.proxy_delay`,
      value: "0",
      scope: "namespace",
      reason: "answers ARP for the public addresses at once; the kernel waits up to 0.8 s at random",
    };
  }
}
