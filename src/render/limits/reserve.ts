import type { Gateway } from "../../config/gateway.ts";
import type { NftSet } from "../desired-state.ts";
import { addressSet } from "../source-nat.ts";
import type { RulesetParts } from "./limit-parts.ts";

/**
 * Ports of the gateway itself that need no entry of the connection table, so that a full one refuses nobody there. Not at
 * addresses whose every port belongs to others: there only the table can tell whose a packet is.
 */
export function reserveParts(gateway: Gateway): RulesetParts {
  const ports = gateway.limits?.managementPorts ?? [];
  if (ports.length === 0) return { sets: [], counters: [], chains: [] };
  const pools = gateway.pools.filter((pool) =>
    ports.some((port) => pool.ports.first <= port && port <= pool.ports.last),
  );
  const others = [...pools.flatMap(({ addresses }) => addresses), ...gateway.staticNat.map((entry) => entry.public)];
  const sets: NftSet[] =
    others.length === 0 ? [] : [addressSet("translated", others, "addresses of which every port is translated")];
  const unless = (side: "saddr" | "daddr"): string => (sets.length === 0 ? "" : `ip ${side} != @translated `);
  const list = ports.length === 1 ? String(ports[0]) : `{ ${ports.join(", ")} }`;
  return {
    sets,
    counters: [],
    chains: [
      {
        name: "reserve_in",
        hook: { type: "filter", hook: "prerouting", priority: "raw" },
        rules: [`tcp dport ${list} ${unless("daddr")}fib daddr type local notrack`],
        about: "to the gateway itself, without an entry of the connection table",
      },
      {
        name: "reserve_out",
        hook: { type: "filter", hook: "output", priority: "raw" },
        rules: [`tcp sport ${list} ${unless("saddr")}notrack`],
        about: "and the answers",
      },
    ],
  };
}
