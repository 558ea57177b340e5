import { formatIpv4 } from "../../address/ipv4.ts";
import { STATUS } from "../../kernel/conntrack/connection.ts";
import { withConntrack } from "../../kernel/conntrack/ctnetlink.ts";
import { askConnection } from "../../kernel/conntrack/lookup.ts";
import { connectionAt, createConnectionSet, type ConnectionSet } from "../../lab/generator/connection.ts";
import { fillConnections } from "../../lab/generator/fill.ts";
import { IPPROTO_UDP } from "../../lab/generator/frame.ts";
import type { Lab } from "../../lab/lab.ts";
import { BenchError } from "../error.ts";
import { randomBelow, seededRandom } from "../method/random.ts";
import { DESTINATIONS, speakingSubscribers } from "./bench-gateway.ts";
import { INSIDE_LINK, OUTSIDE_LINK } from "./player.ts";

/** Connections to make in the translating gateway; those of a smaller number are among those of a larger one. */
export interface MakeConnections {
  readonly connections: number;
  readonly seed: number;
  /** Used in both directions for more than two seconds, so that the kernel calls them assured. */
  readonly assured: boolean;
  readonly onProgress?: (made: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Looked up one by one, so not all of a million. */
const MOST_LOOKED_AT = 2000;

/** The set that `makeConnections` makes. */
export function connectionSet(connections: number, seed: number): ConnectionSet {
  return createConnectionSet({
    connections,
    subscribers: speakingSubscribers(),
    destinations: DESTINATIONS,
    seed,
  });
}

/** A packet that is lost again where the one before it was is no reason to give up. */
const TRIES = 3;

/** Makes connections by packets in both directions; throws `bench-not-valid` unless all were answered, and are assured if asked. */
export async function makeConnections(lab: Lab, options: MakeConnections): Promise<void> {
  const { connections, seed, assured } = options;
  for (let tries = 1; ; tries++) {
    await fill(lab, options);
    if (!assured || tries === TRIES) return;
    const found = findNotAssured(lab.topology.namespaces.gateway, connectionSet(connections, seed), seed);
    if (found === undefined) return;
  }
}

async function fill(lab: Lab, options: MakeConnections): Promise<void> {
  const { connections, seed, assured, onProgress, signal } = options;
  const { inside, outside, gateway } = lab.topology.namespaces;
  const report = await fillConnections({
    inside: { namespace: inside, interface: INSIDE_LINK },
    outside: { namespace: outside, interface: OUTSIDE_LINK },
    gateway: { namespace: gateway, inside: INSIDE_LINK, outside: OUTSIDE_LINK },
    subscribers: speakingSubscribers(),
    connections,
    protocol: "udp",
    destinations: DESTINATIONS,
    seed,
    assured,
    ...(onProgress === undefined ? {} : { onProgress: ({ answered }) => onProgress(answered) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (report.answered === connections) return;
  throw new BenchError(
    "bench-not-valid",
    `of ${connections} connections ${report.answered} were answered, ${report.strays} of them wrongly`,
    "give the machine more memory, or measure fewer connections; `meganat doctor` in a lab says what drops packets",
  );
}

/** Looks connections of the set up in the kernel's table; throws `bench-not-valid` unless each is translated and assured. */
export function requireAssured(namespace: string, set: ConnectionSet, seed: number): void {
  const found = findNotAssured(namespace, set, seed);
  if (found === undefined) return;
  throw new BenchError(
    "bench-not-valid",
    `connection ${found.index} of the measured ones is ${found.inTable ? "not assured" : "not in the table"}`,
    "raise net.netfilter.nf_conntrack_udp_timeout_stream, or run it on a machine that does nothing else",
  );
}

/** The first one found that is not as it should be. */
function findNotAssured(
  namespace: string,
  set: ConnectionSet,
  seed: number,
): { readonly index: number; readonly inTable: boolean } | undefined {
  const random = seededRandom(seed);
  const count = Math.min(MOST_LOOKED_AT, set.connections);
  const wanted = STATUS.assured | STATUS.sourceNat;
  return withConntrack(namespace, (netlink) => {
    for (let i = 0; i < count; i++) {
      const index = count === set.connections ? i : randomBelow(random, set.connections);
      const { source, destination, sourcePort, destinationPort } = connectionAt(set, index);
      const found = askConnection(netlink, {
        source: formatIpv4(source),
        destination: formatIpv4(destination),
        protocol: IPPROTO_UDP,
        sourcePort,
        destinationPort,
      });
      if (found === undefined || (found.status & wanted) !== wanted) return { index, inTable: found !== undefined };
    }
    return undefined;
  });
}
