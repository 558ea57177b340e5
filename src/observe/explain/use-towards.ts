import { formatIpv4, parseIpv4 } from "../../address/ipv4.ts";
import type { Packet } from "../../diagnose/rules/packet.ts";
import type { Signals } from "../../diagnose/signals.ts";
import type { PortUseSignal } from "../../diagnose/signals/table.ts";
import type { EntryVisitor } from "../../kernel/conntrack/scan.ts";
import { readSteadily, scanConntrack } from "../../kernel/conntrack/scan.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { PortUseCount } from "../flows/port-use.ts";
import { takesOverPorts } from "../../plan/port-search.ts";
import { suppliesOf } from "../signals/translation.ts";

/** What is in use towards one destination. */
export interface UseTowards {
  /** By public address, or by block where subscribers have blocks; the fullest first. */
  readonly portUse: readonly PortUseSignal[];
  readonly connectionsOfSource: number;
}

const AF_INET = 2;
const ICMP = 1;
/** Public addresses told of. */
const MOST = 64;
const SUBSCRIBERS = 3;

/**
 * Counts the ports in use towards the destination of a packet as it leaves, of all public addresses, and the
 * connections of a source: two passes over the table.
 */
export function readUseTowards(
  namespace: NamespaceName,
  signals: Signals,
  protocol: number,
  source: string,
  leaving: Packet,
): UseTowards {
  const from = parseIpv4(source);
  const to = parseIpv4(leaving.destination);
  const port = protocol === ICMP ? undefined : leaving.destinationPort;
  return readSteadily(namespace, () => {
    const count = new PortUseCount(suppliesOf(signals.pools ?? []), takesOverPorts(signals.host.kernelRelease));
    let connectionsOfSource = 0;
    const visiting =
      (take: PortUseCount["count"], counting: boolean): EntryVisitor =>
      (entry) => {
        const { original, reply } = entry;
        if (counting && original.family === AF_INET && original.source === from) connectionsOfSource++;
        if (original.protocol !== protocol || reply.source !== to) return;
        if (port === undefined || reply.sourcePort === port) take(entry);
      };
    // Of all protocols: rules that count connections do so too.
    scanConntrack(
      namespace,
      { family: AF_INET },
      visiting((entry) => count.count(entry), true),
    );
    if (count.connections === 0) return { portUse: [], connectionsOfSource };
    count.choose(MOST);
    scanConntrack(
      namespace,
      { family: AF_INET, protocol },
      visiting((entry) => count.attribute(entry), false),
    );
    const portUse = count.result(SUBSCRIBERS).map(({ address, destination, subscribers, ...use }) => ({
      ...use,
      address: formatIpv4(address),
      destination: formatIpv4(destination),
      subscribers: subscribers.map((one) => ({ key: formatIpv4(one.address), count: one.connections })),
    }));
    return { portUse, connectionsOfSource };
  });
}
