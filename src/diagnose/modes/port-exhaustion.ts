import { formatIpv4, parseIpv4 } from "../../address/ipv4.ts";
import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix, Observation } from "../finding.ts";
import { formatCount, formatPercent } from "../figures.ts";
import { protocolWord } from "../flow-words.ts";
import { deltaOf, droppedFor, type Signals } from "../signals.ts";
import type { PortUseSignal } from "../signals/table.ts";
import type { PoolSignal } from "../signals/translation.ts";
import { poolOf, poolSize, type PoolPlace } from "../translation/pool-of.ts";
import { fileRuleName, isOurs, replaceRule } from "../translation/rule-name.ts";

/** At this share of the ports a busy hour fills the rest. */
const NEARLY_FULL = 0.8;
/** One connection in so many refused is felt. */
const FELT = 0.001;
/** The kernel's own range, above which nothing can be had. */
const ALL_PORTS = { first: 1024, last: 65_535 };
const MOST_FINDINGS = 5;
const TCP = 6;
const TIME_WAIT = "net.netfilter.nf_conntrack_tcp_timeout_time_wait";

/** All ports of a public address towards one destination are taken: new connections there are dropped. */
export const mode: FailureMode = {
  id: "port-exhaustion",
  title: "No free port left towards a destination",
  severity: "risk",
  why: "A port of a public address serves each destination once; when all are taken, the packet that would begin one more connection there is dropped, however empty the connection table is.",
  needs: ["table"],
  counters: ["conntrack.insertFailed"],
  examine: (signals) => {
    const uses = (signals.table?.portUse ?? []).filter(({ occupancy }) => occupancy >= NEARLY_FULL);
    const weights = uses.reduce((sum, use) => sum + felt(use), 0);
    const dropped = Math.max(droppedFor(signals, "port-exhaustion"), countedDrops(signals));
    return uses
      .slice(0, MOST_FINDINGS)
      .map((use) => observe(use, weights > 0 ? felt(use) / weights : 0, dropped, signals));
  },
};

/** Without the drops by cause, the counters tell as much; a long chain counts there too. */
function countedDrops(signals: Signals): number {
  if (signals.drops !== undefined) return 0;
  return Math.max(0, deltaOf(signals, "conntrack.insertFailed") - deltaOf(signals, "conntrack.chainTooLong"));
}

function felt({ refusalChance }: PortUseSignal): number {
  return refusalChance >= FELT ? refusalChance : 0;
}

function observe(use: PortUseSignal, share: number, dropped: number, signals: Signals): Observation {
  const { address, protocol, destination, destinationPort, ports, used, occupancy, refusalChance } = use;
  const lost = Math.round(dropped * share);
  const to = `${protocolWord(protocol)} ${destination}${destinationPort === 0 ? "" : `:${destinationPort}`}`;
  const place = poolOf(signals.pools ?? [], address, protocol, ports);
  const size = ports.last - ports.first + 1;
  const isBlock = place?.pool.blockSize !== undefined;
  const evidence: Evidence[] = [
    { what: "public address", value: address, ...(place === undefined ? {} : { meaning: `of: ${place.pool.text}` }) },
    { what: "destination", value: to },
    {
      what: isBlock ? "ports of the subscriber's block" : "ports it may use",
      value: `${ports.first}-${ports.last}`,
      meaning: `${formatCount(size)} ports`,
    },
    {
      what: "in use towards this destination",
      value: formatCount(used),
      meaning: `${formatPercent(Math.min(1, occupancy))} of them`,
    },
    {
      what: "chance that the next connection there is refused",
      value: formatPercent(refusalChance),
      meaning: size <= 128 ? "the kernel finds the last free one of 128" : "the kernel tries 248 ports, then gives up",
    },
  ];
  if (lost > 0) {
    evidence.push({
      what: "connections refused",
      value: formatCount(lost),
      meaning: "dropped in nf_hook_slow, with insert_failed of conntrack -S going up",
    });
  }
  const isFelt = refusalChance >= FELT;
  return {
    subject: `${address} ${to}`,
    severity: isFelt ? "loss" : "risk",
    summary: `${address} has ${formatCount(Math.max(0, size - used))} of ${formatCount(size)} ports left towards ${to}; ${formatPercent(refusalChance)} of new connections there are refused`,
    evidence,
    ...(use.subscribers.length === 0
      ? {}
      : {
          top: {
            title: "Whose connections these are",
            rows: use.subscribers.slice(0, 5).map(({ key, count }) => `${key}: ${formatCount(count)} connections`),
          },
        }),
    ...(lost > 0 ? { lostPackets: lost, explains: [{ cause: "port-exhaustion", packets: lost }] } : {}),
    fixes: fixes(use, place, signals),
  };
}

function fixes(use: PortUseSignal, place: PoolPlace | undefined, signals: Signals): Fix[] {
  const found = place === undefined ? [anyRule()] : isOurs(place.pool.rule) ? ours(use, place) : theirs(use, place);
  const waiting = signals.table?.states.find(({ protocol, state }) => protocol === TCP && state === "TIME_WAIT");
  const all = signals.table?.entries ?? 0;
  if (use.protocol === TCP && waiting !== undefined && waiting.count > all / 4) found.push(shorterWait(waiting.count));
  const culprit = use.subscribers[0];
  if (culprit !== undefined && culprit.count > use.used / 2) found.push(limit(culprit.key, use));
  return found;
}

/** A pool of a gateway file. */
function ours(use: PortUseSignal, { pool }: PoolPlace): Fix[] {
  const name = fileRuleName(pool.rule) ?? "NAME";
  if (pool.blockSize !== undefined) {
    const size = pool.blockSize * 2;
    return [
      {
        text: `Give each subscriber ${formatCount(size)} ports`,
        file: `source-nat:\n  - name: ${name}\n    ports: { per-subscriber: ${size} }`,
        effect: `a subscriber can have ${formatCount(size)} connections to one destination`,
        risk: "subscribers get other blocks: connections that are open go on with their old ports, new ones use the new",
      },
    ];
  }
  const range = pool.ranges[0];
  const narrow = range !== undefined && countOf(range.ports) < countOf(ALL_PORTS);
  const more: Fix = {
    text: "Give the pool more addresses",
    file: `pools:\n  # the pool of source NAT ${name}, with further addresses, for example\n  public: { addresses: ${twiceAsMany(pool)} }`,
    effect: `${formatCount(countOf(use.ports))} more connections to each destination for every address`,
    risk: "with another number of addresses most subscribers move to another one; their open connections go on",
  };
  const wide: Fix = {
    text: "Let source NAT use all ports above 1023",
    file: `pools:\n  public: { ports: ${ALL_PORTS.first}-${ALL_PORTS.last} }`,
    effect: `${formatCount(countOf(ALL_PORTS))} connections to each destination`,
    risk: "none",
  };
  return narrow ? [wide, more] : [more];
}

/** The pool's addresses, and as many that follow. */
function twiceAsMany(pool: PoolSignal): string {
  const first = pool.ranges[0]?.first ?? "";
  const last = parseIpv4(pool.ranges.at(-1)?.last ?? "") ?? 0;
  return `${first}-${formatIpv4(last + poolSize(pool))}`;
}

/** Somebody else's rule: only printed. */
function theirs(use: PortUseSignal, { pool, range }: PoolPlace): Fix[] {
  const found: Fix[] = [];
  if (countOf(range.ports) < countOf(ALL_PORTS)) {
    const { first, last } = range.ports;
    const text = pool.text
      .replace(`:${first}-${last}`, `:${ALL_PORTS.first}-${ALL_PORTS.last}`)
      .replace(`--to-ports ${first}-${last}`, `--to-ports ${ALL_PORTS.first}-${ALL_PORTS.last}`);
    found.push({
      text: "Let the rule use all ports above 1023",
      commands: [replaceRule(pool, text)],
      effect: `${formatCount(countOf(ALL_PORTS))} connections to each destination in place of ${formatCount(countOf(range.ports))}`,
      risk: "none; keep ports free that services of the host listen on",
    });
  }
  const addresses = poolSize(pool);
  found.push({
    text:
      pool.kind === "masquerade"
        ? "Replace masquerade by source NAT to several addresses"
        : `Give the rule more public addresses than the ${formatCount(addresses)} it has`,
    commands: [`# in place of: ${pool.text}\n# snat to FIRST-LAST, with addresses that lead to this host`],
    effect: `${formatCount(countOf(use.ports))} more connections to each destination for every address`,
    risk: "the addresses must be routed to this host",
  });
  return found;
}

function anyRule(): Fix {
  return {
    text: "Give source NAT more public addresses, or more ports of them",
    effect: "a destination can be reached once by every port of every address",
    risk: "the addresses must be routed to this host",
  };
}

function shorterWait(count: number): Fix {
  const seconds = "30";
  return {
    text: "Keep the ports of closed connections for a shorter time",
    commands: [`sysctl -w ${TIME_WAIT}=${seconds}`],
    file: `capacity: { timeouts: { tcp-time-wait: ${seconds}s } }`,
    effect: `the ports of ${formatCount(count)} closed connections come free after ${seconds} s`,
    risk: "a late packet of the old connection may meet a new one of the same ports; TCP's sequence numbers catch nearly all",
    safe: [{ kind: "sysctl", name: TIME_WAIT, value: seconds }],
  };
}

function limit(subscriber: string, { destination, used }: PortUseSignal): Fix {
  return {
    text: `Ask what ${subscriber} does at ${destination}, or limit it`,
    commands: [
      `conntrack -L -s ${subscriber} -d ${destination}`,
      `nft add rule inet filter forward ip saddr ${subscriber} ip daddr ${destination} ct state new ct count over ${Math.max(1, Math.floor(used / 10))} drop`,
    ],
    effect: "leaves the ports to the others",
    risk: "the subscriber's further connections there are refused; the names of table and chain are those of your firewall",
  };
}

function countOf({ first, last }: { readonly first: number; readonly last: number }): number {
  return last - first + 1;
}
