import { parseIpv4 } from "../../address/ipv4.ts";
import type { FailureMode } from "../failure-mode.ts";
import type { Fix, Observation } from "../finding.ts";
import { formatCount, formatPercent } from "../figures.ts";
import { lookUpRoute } from "../look-up-route.ts";
import type { Signals } from "../signals.ts";
import type { PublicAddressSignal } from "../signals/table.ts";
import { poolOf, type PoolPlace } from "../translation/pool-of.ts";
import { isOurs, replaceRule, ruleTitle } from "../translation/rule-name.ts";

/** Fewer unanswered connections than this say nothing of an address. */
const ENOUGH = 20;
/** If of that part nobody has answered, no answer finds its way back. */
const SILENT = 0.95;
const MOST_FINDINGS = 5;

/** Connections are translated to an address that the host no longer has: answers go elsewhere. */
export const mode: FailureMode = {
  id: "outside-address-changed",
  title: "Connections use a public address that the host no longer has",
  severity: "degraded",
  why: "A connection keeps the address it was given when it began; once the host has lost that address the answers go to somebody else, and the entry lives on as long as the inside host keeps trying.",
  needs: ["table", "pools"],
  examine: (signals) => {
    const all = signals.table?.publicAddresses ?? [];
    const silent = (one: PublicAddressSignal): boolean =>
      one.connections >= ENOUGH && (one.unreplied ?? 0) >= one.connections * SILENT;
    const found = all.flatMap((one): Observation[] => {
      if (one.connections === 0 || leadsHere(signals, one.address)) return [];
      const place = poolOf(signals.pools ?? [], one.address);
      if (place === undefined) return isAllKnown(signals) ? [leftOver(one, signals)] : [];
      return silent(one) ? [ruleOfThePast(one, place, signals)] : [];
    });
    return found.slice(0, MOST_FINDINGS);
  },
};

/** Every rule could be read, and the addresses of every source NAT are known. */
function isAllKnown({ unseen, pools = [] }: Signals): boolean {
  return (
    !unseen.some(({ signal }) => signal === "rules") &&
    pools.every(({ kind, ranges }) => kind !== "snat" || ranges.length > 0)
  );
}

/**
 * The host takes packets for the address: its own, or one that the provider routes to it. Answers are translated before
 * they are routed, so that routers have a pool lead to lo or nowhere.
 */
function leadsHere({ network }: Signals, address: string): boolean {
  if (network.addresses.some((own) => own.address === address)) return true;
  const route = lookUpRoute(network, { destination: address })?.route;
  return route !== undefined && (route.type !== "unicast" || route.interface === "lo");
}

/** Nobody's rule has the address: the connections are older than the rules. */
function leftOver({ address, connections }: PublicAddressSignal, signals: Signals): Observation {
  return {
    subject: address,
    summary: `${formatCount(connections)} connections are translated to ${address}, which neither this host nor any rule has`,
    evidence: [
      {
        what: `connections whose answers must come to ${address}`,
        value: formatCount(connections),
        meaning: "dst of the reply direction in conntrack -L",
      },
      { what: "addresses of this host", value: outsideAddresses(signals).join(", ") },
      { what: "rules that translate to it", value: "none", meaning: "these connections are older than the rules" },
    ],
    fixes: [forget(address, connections)],
  };
}

/** A rule still translates to an address that is gone. */
function ruleOfThePast(
  { address, connections, unreplied = 0 }: PublicAddressSignal,
  { pool }: PoolPlace,
  signals: Signals,
): Observation {
  const now = sameNetwork(address, signals) ?? outsideAddresses(signals)[0];
  const rule: Fix = {
    text:
      now === undefined ? "Let the rule name an address of this host" : `Let the rule name ${now}, or use masquerade`,
    ...(now === undefined || isOurs(pool.rule)
      ? {}
      : { commands: [replaceRule(pool, pool.text.replaceAll(address, now)), `conntrack -D -q ${address}`] }),
    ...(isOurs(pool.rule)
      ? { file: `pools:\n  # the pool with ${address}\n  public: { addresses: ${now ?? "203.0.113.2"} }` }
      : {}),
    effect: "new connections leave with an address that answers come back to",
    risk: "none",
  };
  return {
    subject: address,
    severity: "loss",
    summary: `A rule translates to ${address}, which this host does not have: ${formatPercent(unreplied / connections)} of ${formatCount(connections)} connections are not answered`,
    evidence: [
      { what: ruleTitle(pool), value: pool.text },
      { what: "addresses of this host", value: outsideAddresses(signals).join(", ") },
      {
        what: `connections through ${address}`,
        value: formatCount(connections),
        meaning: `nobody has answered ${formatCount(unreplied)} of them`,
      },
    ],
    fixes: [rule],
  };
}

function forget(address: string, connections: number): Fix {
  return {
    text: `Delete the connections through ${address}`,
    commands: [`conntrack -D -q ${address}`],
    effect: `the next packet of each of the ${formatCount(connections)} makes an entry anew, by the rules of now`,
    risk: "TCP connections among them break; they are dead already, and begin anew sooner",
    safe: [{ kind: "delete-connections", filters: [{ replyDestination: address, with: ["snat"] }] }],
  };
}

function outsideAddresses({ network }: Signals): string[] {
  const out = network.routes.filter(({ destination, type }) => destination === "0.0.0.0/0" && type === "unicast");
  const names = new Set(out.map((route) => route.interface));
  const on = network.addresses.filter(({ interface: name }) => names.has(name));
  return (on.length > 0 ? on : network.addresses.filter(({ interface: name }) => name !== "lo")).map(
    ({ address }) => address,
  );
}

/** The host's address in the network the old one was in. */
function sameNetwork(address: string, { network }: Signals): string | undefined {
  const old = parseIpv4(address);
  return network.addresses.find(({ address: text, length }) => {
    const own = parseIpv4(text);
    return old !== undefined && own !== undefined && length < 32 && (old ^ own) >>> (32 - length) === 0;
  })?.address;
}
