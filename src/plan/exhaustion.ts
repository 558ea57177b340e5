import { countPorts } from "../address/port-range.ts";
import { countPaired } from "./pairing.ts";
import type { DestinationLoad, ExhaustionPlan, SourcePlan } from "./plan.ts";
import { refusalWhenFilled } from "./port-refusal.ts";

/** The part of all connections assumed to go to the busiest destination at the busy hour. */
export const BUSIEST_DESTINATION_SHARE = 0.25;

/** Subscribers past this are not hashed one by one; the mean stands for the busiest address. */
const HASHED_MAX = 1_048_576;

/** Port exhaustion of a rule whose subscribers share ports, or undefined for port blocks. */
export function planExhaustion(source: SourcePlan, expectedConnections: number): ExhaustionPlan | undefined {
  if (source.blocks !== undefined || source.subscriberCount === 0 || source.translationsPerDestination === 0) {
    return undefined;
  }
  const addressCount = Math.max(1, source.addresses.length);
  const mean = source.subscriberCount / addressCount;
  const counts =
    addressCount === 1 || source.subscriberCount > HASHED_MAX
      ? undefined
      : countPaired(source.subscribers, addressCount);
  const busiest = busiestAddress(source, counts, mean);
  if (busiest === undefined) return undefined;
  const connections = (expectedConnections * busiest.subscribers) / source.subscriberCount;
  const load = (share: number): DestinationLoad => {
    const used = connections * share;
    return { share, occupancy: used / busiest.ports, refusalChance: refusalWhenFilled(used, busiest.ports) };
  };
  return {
    rule: source.rule.name,
    expectedConnections,
    busiestAddressSubscribers: busiest.subscribers,
    meanAddressSubscribers: mean,
    loads: [load(BUSIEST_DESTINATION_SHARE), load(1)],
  };
}

interface Busiest {
  readonly subscribers: number;
  readonly ports: number;
}

/** The address with the most subscribers for each of its ports. */
function busiestAddress(source: SourcePlan, counts: Uint32Array | undefined, mean: number): Busiest | undefined {
  if (source.rule.to.kind === "masquerade") return { subscribers: mean, ports: source.translationsPerDestination };
  let busiest: Busiest | undefined;
  for (const [i, address] of source.addresses.entries()) {
    const candidate = { subscribers: counts?.[i] ?? mean, ports: countPorts(address.ports) };
    if (busiest === undefined || candidate.subscribers / candidate.ports > busiest.subscribers / busiest.ports) {
      busiest = candidate;
    }
  }
  return busiest;
}
