import { formatIpv4, parseIpv4 } from "../../address/ipv4.ts";
import type { FailureMode } from "../failure-mode.ts";
import type { Fix, Observation } from "../finding.ts";
import { formatCount, formatPercent } from "../figures.ts";
import { protocolWord } from "../flow-words.ts";
import type { Signals } from "../signals.ts";
import type { PortUseSignal } from "../signals/table.ts";
import type { PoolSignal } from "../signals/translation.ts";
import { poolOf, poolSize } from "../translation/pool-of.ts";
import { fileRuleName, isOurs, replaceRule, ruleTitle } from "../translation/rule-name.ts";

/** At this share of its ports an address is full soon. */
const NEARLY_FULL = 0.8;
/** The others have less than so much of what the fullest has. */
const IDLE = 0.5;
/** A connection in so many refused is felt. */
const FELT = 0.001;
/** More rules or elements nobody types. */
const MOST_ADDRESSES = 16;

/** One address of a pool is used up towards a destination, while the others have room. */
export const mode: FailureMode = {
  id: "pool-skew",
  title: "One address of a pool is used up while the others are idle",
  severity: "risk",
  why: "The kernel chooses the address by a hash and never tries another one when its ports are used up: connections are refused though the pool has room.",
  needs: ["table", "pools"],
  consequences: ["port-exhaustion"],
  examine: (signals) => {
    const seen = new Set<string>();
    return (signals.table?.portUse ?? []).flatMap((use) => {
      const pool = poolOf(signals.pools ?? [], use.address, use.protocol, use.ports)?.pool;
      if (pool === undefined || pool.kind !== "snat" || pool.blockSize !== undefined) return [];
      const key = `${pool.rule} ${destinationOf(use)}`;
      if (use.occupancy < NEARLY_FULL || poolSize(pool) < 2 || seen.has(key)) return [];
      seen.add(key);
      const [most] = use.subscribers;
      // A gateway file gives each subscriber one address on purpose.
      if (isOurs(pool.rule) && most !== undefined && most.count > use.used / 2) return [];
      const others = meanOfOthers(use, pool, signals);
      return others < use.occupancy * IDLE ? [observe(use, pool, others, signals)] : [];
    });
  },
};

/** Occupancy of the pool's other addresses towards the same destination; what is not among the fullest counts as none. */
function meanOfOthers(use: PortUseSignal, pool: PoolSignal, { table, pools = [] }: Signals): number {
  const others = (table?.portUse ?? []).filter(
    (other) =>
      other.address !== use.address &&
      destinationOf(other) === destinationOf(use) &&
      poolOf(pools, other.address, other.protocol, other.ports)?.pool === pool,
  );
  return others.reduce((sum, { occupancy }) => sum + occupancy, 0) / (poolSize(pool) - 1);
}

function destinationOf({ protocol, destination, destinationPort }: PortUseSignal): string {
  return `${protocolWord(protocol)} ${destination}${destinationPort === 0 ? "" : `:${destinationPort}`}`;
}

function observe(use: PortUseSignal, pool: PoolSignal, others: number, { table }: Signals): Observation {
  const to = destinationOf(use);
  const connections = new Map(table?.publicAddresses.map((one) => [one.address, one.connections]));
  const size = poolSize(pool);
  const [most] = use.subscribers;
  const byOne = most !== undefined && most.count > use.used / 2;
  return {
    subject: `${use.address} ${to}`,
    severity: use.refusalChance >= FELT ? "degraded" : "risk",
    summary: `${use.address} has ${formatPercent(Math.min(1, use.occupancy))} of its ports in use towards ${to}, the ${formatCount(size - 1)} other ${size === 2 ? "address" : "addresses"} of its pool ${formatPercent(others)}`,
    evidence: [
      { what: ruleTitle(pool), value: pool.text, meaning: choiceWords(pool) },
      {
        what: `ports of ${use.address} in use towards ${to}`,
        value: formatCount(use.used),
        meaning: `${formatPercent(use.refusalChance)} of new connections there are refused`,
      },
      { what: "the same of the other addresses, on average", value: formatPercent(others) },
      ...(byOne
        ? [{ what: "who fills it", value: most.key, meaning: "one source: a NAT or a proxy behind this one" }]
        : []),
    ],
    top: {
      title: "Connections by address of the pool",
      rows: addressesOf(pool)
        .map((address) => ({ address, count: connections.get(address) ?? 0 }))
        .toSorted((a, b) => b.count - a.count)
        .slice(0, 5)
        .map(({ address, count }) => `${address}: ${formatCount(count)}`),
    },
    fixes: fixes(pool, byOne),
  };
}

function choiceWords({ mapped, flags, text }: PoolSignal): string {
  if (flags.includes("persistent")) return "persistent: the address is chosen by the source alone";
  if (mapped) {
    const [hash] = /\b(?:jhash|symhash|numgen|ip saddr|ip daddr)\b[^{@]*/.exec(text) ?? [];
    return hash === undefined
      ? "a map chooses the address"
      : `the address is chosen by ${hash.replace(/ map $/, "").trim()}`;
  }
  return "the address is chosen by source and destination: of one source to one destination always the same";
}

function fixes(pool: PoolSignal, byOne: boolean): Fix[] {
  if (isOurs(pool.rule)) {
    return [
      {
        text: "Give each subscriber a block of ports of its own: they are dealt out evenly",
        file: `source-nat:\n  - name: ${fileRuleName(pool.rule) ?? "NAME"}\n    ports: { per-subscriber: 128 }`,
        effect: "nobody can use up the ports of others",
        risk: "subscribers get other addresses; open connections go on with the old ones",
      },
    ];
  }
  const found: Fix[] = [];
  if (pool.flags.includes("persistent") && !byOne) {
    found.push({
      text: "Let the address depend on the destination too",
      commands: [replaceRule(pool, pool.text.replace(/ (?:--)?persistent/, ""))],
      effect: "connections of one source to several destinations spread over the pool",
      risk: "services that expect a subscriber always to come from one address may complain",
    });
  }
  const spread = spreadOver(pool);
  if (spread.length > 0) {
    found.push({
      text: "Choose the address anew for every connection",
      commands: spread,
      effect: "connections spread evenly over the pool, whoever makes them",
      risk: "a subscriber appears under several addresses at once (RFC 4787 advises against it): some logins and games object",
    });
  }
  return found;
}

/** The rule with `numgen` in place of the kernel's hash; of iptables one rule for each address. */
function spreadOver(pool: PoolSignal): string[] {
  const addresses = addressesOf(pool);
  const range = pool.ranges[0];
  if (addresses.length > MOST_ADDRESSES || range === undefined) return [];
  const { first, last } = range.ports;
  const all = first === 1024 && last === 65_535;
  const ports = all ? "" : `${first}-${last}`;
  if (pool.program === "nft") {
    const elements = addresses.map((address, i) => `${i} : ${address}${ports === "" ? "" : ` . ${ports}`}`).join(", ");
    const choice = `snat ip to numgen random mod ${addresses.length} map { ${elements} }`;
    return [replaceRule(pool, pool.text.replace(/\bsnat\b.*$/, choice))];
  }
  const before = pool.text.replace(/-j SNAT.*$/, "").trim();
  const chain = `-t ${pool.rule.split("/")[1] ?? "nat"}`;
  const command = pool.program.replace(/-nft$/, "");
  const name = pool.rule.split("/")[2] ?? "POSTROUTING";
  return [
    ...addresses.map((address, i) => {
      const left = addresses.length - i;
      const every = left === 1 ? "" : `-m statistic --mode nth --every ${left} --packet 0 `;
      return `${command} ${chain} -I ${name} ${pool.number + i} ${before} ${every}-j SNAT --to-source ${address}${ports === "" ? "" : `:${ports}`}`;
    }),
    `${command} ${chain} -D ${name} ${pool.number + addresses.length}`,
  ];
}

function addressesOf({ ranges }: PoolSignal): string[] {
  return ranges.flatMap(({ first, last }) => {
    const [low, high] = [parseIpv4(first) ?? 0, parseIpv4(last) ?? 0];
    return Array.from({ length: Math.min(4096, high - low + 1) }, (_, i) => formatIpv4(low + i));
  });
}
