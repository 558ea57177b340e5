import { matchPacket } from "./rules/evaluate/match-packet.ts";
import type { Packet } from "./rules/packet.ts";
import type { Ruleset } from "./rules/ruleset.ts";

/** Whether INVALID packets from one interface to another are dropped before they leave; undefined: perhaps. */
export function dropsInvalid(ruleset: Ruleset, from: string, out: string, source: string): boolean | undefined {
  const packet: Packet = {
    protocol: 6,
    source,
    sourcePort: 40_000,
    destination: "198.51.100.9",
    destinationPort: 443,
    tcpFlags: ["rst"],
    mark: 0,
    inInterface: from,
    outInterface: out,
    bridgeInPort: null,
    bridgeOutPort: null,
    connection: { state: "invalid", status: [] },
  };
  let isSure = true;
  for (const hook of ["prerouting", "forward", "postrouting"] as const) {
    const { passes } = matchPacket(ruleset, packet, hook);
    if (passes === "no") return true;
    if (passes === "perhaps") isSure = false;
  }
  return isSure ? false : undefined;
}
