import { formatIpv4 } from "../../address/ipv4.ts";
import type { LinkSignal, NeighbourSignal, NetworkSignal } from "../../diagnose/signals/network.ts";
import { KernelError } from "../../kernel/error.ts";
import { readOffload, type Offload } from "../../kernel/ethtool.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { listAddresses } from "../../kernel/route/address.ts";
import { listLinks } from "../../kernel/route/link.ts";
import { listNeighbours } from "../../kernel/route/neighbour.ts";
import { listPolicyRules, type PolicyRuleInfo } from "../../kernel/route/policy-rule.ts";
import { listRoutes } from "../../kernel/route/route.ts";

/** A router of the internet's table has a million: the doctor reasons about a gateway's own. */
const MOST_ROUTES = 4096;
/** A host of containers has thousands of interfaces, and each costs six system calls. */
const MOST_OFFLOADS = 32;
const MOST_FAILED = 10;

const OFFLOADS: Readonly<Record<string, Offload>> = {
  rx: "rx-checksum",
  tx: "tx-checksum",
  tso: "tso",
  gso: "gso",
  gro: "gro",
};

/** Reads how the namespace is connected. */
export function readNetwork(namespace: NamespaceName): NetworkSignal {
  const routes = listRoutes(namespace).slice(0, MOST_ROUTES);
  const nextHops = new Set(routes.flatMap(({ via }) => via ?? []));
  return {
    links: listLinks(namespace).map((link, index) => ({
      ...link,
      offloads: index < MOST_OFFLOADS && link.name !== "lo" ? offloads(namespace, link.name) : {},
    })),
    addresses: listAddresses(namespace).map(({ interface: name, address, length }) => ({
      interface: name,
      address: formatIpv4(address),
      length,
    })),
    routes,
    policyRules: listPolicyRules(namespace).map((rule) => ({ ...rule, text: ruleText(rule) })),
    neighbours: neighbours(namespace, nextHops),
  };
}

function offloads(namespace: NamespaceName, name: string): LinkSignal["offloads"] {
  const found: Record<string, boolean> = {};
  for (const [short, offload] of Object.entries(OFFLOADS)) {
    try {
      found[short] = readOffload(namespace, name, offload);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
    }
  }
  return found;
}

function ruleText(rule: PolicyRuleInfo): string {
  const { from, to, mark, mask, incoming, table, action, inverted, suppress } = rule;
  const but = suppress === undefined ? [] : [`suppress_prefixlength ${suppress}`];
  const words = [`${inverted === true ? "not " : ""}from ${from ?? "all"}`];
  if (to !== undefined) words.push(`to ${to}`);
  if (mark !== undefined) words.push(`fwmark ${mark}${mask === undefined ? "" : `/${mask}`}`);
  if (incoming !== undefined) words.push(`iif ${incoming}`);
  return [...words, action ?? `lookup ${table}`, ...but].join(" ");
}

/** Next hops of routes are among `failed` first of all: thousands of hosts may be silent, few matter as much. */
function neighbours(namespace: NamespaceName, nextHops: ReadonlySet<string>): NeighbourSignal[] {
  const byInterface = new Map<string, { states: Record<string, number>; failed: string[] }>();
  for (const { interface: name, address, state } of listNeighbours(namespace)) {
    let found = byInterface.get(name);
    if (found === undefined) byInterface.set(name, (found = { states: {}, failed: [] }));
    found.states[state] = (found.states[state] ?? 0) + 1;
    const silent = state === "failed" || state === "incomplete";
    if (silent && nextHops.has(address)) found.failed.unshift(address);
    else if (silent && found.failed.length < MOST_FAILED) found.failed.push(address);
  }
  return [...byInterface].map(([name, found]) => ({ interface: name, ...found }));
}
