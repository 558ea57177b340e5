import { readClassCounters } from "../kernel/counters/class-counters.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { isKernelError } from "../kernel/error.ts";
import { listRuleset, listSetElements } from "../kernel/nftables.ts";
import { listRootQueues } from "../kernel/traffic/read-shaper.ts";
import { parseListing, type ListedSet } from "../render/listing.ts";
import { REFUSALS } from "../render/limits/limit-parts.ts";
import { QUEUE_HANDLE } from "../render/limits/shaping.ts";

/** A subscriber that was refused something since the limits are there; packets. */
export interface RefusedSubscriber {
  readonly address: string;
  /** Of connections beyond the limit, and of those begun too fast. */
  readonly connections: number;
  readonly rate: number;
}

/** What was shaped at an interface. */
export interface ShapedInterface {
  readonly interface: string;
  readonly classes: number;
  readonly bytes: number;
  readonly drops: number;
  readonly backlogBytes: number;
  /** Those that lost packets or have some waiting, the most first. */
  readonly held: readonly HeldSubscriber[];
}

/** A subscriber that wanted more than its rate. */
export interface HeldSubscriber {
  /** As `tc class show` has it. */
  readonly class: string;
  readonly address?: string;
  readonly bytes: number;
  readonly drops: number;
  readonly backlogBytes: number;
}

/** What the limits did. */
export interface LimitUse {
  /** The most refused first. */
  readonly refused: readonly RefusedSubscriber[];
  readonly shaped: readonly ShapedInterface[];
}

/** Reads what the limits of the namespace's gateway did; undefined if it has none. */
export function readLimitUse(namespace: NamespaceName): LimitUse | undefined {
  const sets = ownSets(namespace);
  const names = new Set(sets.map(({ name }) => name));
  const [connections, rate] = [REFUSALS.connections, REFUSALS.rate].map(({ name }) =>
    names.has(name) ? packetsByAddress(namespace, name) : undefined,
  );
  const shapers = listRootQueues(namespace).filter(({ handle }) => handle === QUEUE_HANDLE);
  if (connections === undefined && rate === undefined && shapers.length === 0) return undefined;
  const maps = sets.filter(({ data }) => data === "classid").map(({ name }) => name);
  const addresses = shapers.length === 0 ? new Map<string, string>() : addressesByClass(namespace, maps);
  const refused = [...new Set([...(connections?.keys() ?? []), ...(rate?.keys() ?? [])])].map((address) => ({
    address,
    connections: connections?.get(address) ?? 0,
    rate: rate?.get(address) ?? 0,
  }));
  return {
    refused: refused.toSorted((a, b) => b.connections + b.rate - a.connections - a.rate),
    shaped: shapers.flatMap((queue) => shapedAt(namespace, queue.interface, addresses)),
  };
}

function shapedAt(namespace: NamespaceName, device: string, addresses: ReadonlyMap<string, string>): ShapedInterface[] {
  try {
    const classes = readClassCounters(namespace, device).filter(({ handle }) => handle === QUEUE_HANDLE);
    const held = classes.flatMap(({ number, bytes, drops, backlogBytes }): HeldSubscriber[] => {
      const name = `${QUEUE_HANDLE.toString(16)}:${number.toString(16)}`;
      const address = addresses.get(name);
      if (drops + backlogBytes === 0 || address === undefined) return [];
      return [{ class: name, address, bytes, drops, backlogBytes }];
    });
    const leaves = classes.filter(({ number }) => addresses.has(`${QUEUE_HANDLE.toString(16)}:${number.toString(16)}`));
    const sum = (key: "bytes" | "drops" | "backlogBytes"): number => leaves.reduce((total, one) => total + one[key], 0);
    return [
      {
        interface: device,
        classes: classes.length,
        bytes: sum("bytes"),
        drops: sum("drops"),
        backlogBytes: sum("backlogBytes"),
        held: held.toSorted((a, b) => b.drops - a.drops || b.backlogBytes - a.backlogBytes),
      },
    ];
  } catch (error) {
    // It went away just now.
    if (isKernelError(error, "kernel-not-found")) return [];
    throw error;
  }
}

/** A class has the same number on every link. */
function addressesByClass(namespace: NamespaceName, maps: readonly string[]): Map<string, string> {
  const addresses = new Map<string, string>();
  for (const name of maps) {
    const [map] = parseListing(listSetElements(namespace, "map", "ip", "meganat", name)).sets;
    for (const element of map?.elements ?? []) {
      const [address = "", classid = ""] = element.split(" : ");
      addresses.set(classid, address);
    }
  }
  return addresses;
}

interface CountedElement {
  readonly elem?: { readonly val?: unknown; readonly counter?: { readonly packets?: unknown } };
}

function packetsByAddress(namespace: NamespaceName, name: string): Map<string, number> {
  const objects = listSetElements(namespace, "set", "ip", "meganat", name) as {
    readonly set?: { readonly elem?: readonly CountedElement[] };
  }[];
  return new Map(
    objects
      .flatMap(({ set }) => set?.elem ?? [])
      .flatMap(({ elem }): [string, number][] =>
        typeof elem?.val === "string" ? [[elem.val, Number(elem.counter?.packets ?? 0)]] : [],
      ),
  );
}

/** Without elements, which may be many. */
function ownSets(namespace: NamespaceName): readonly ListedSet[] {
  const ours = listRuleset(namespace, { terse: true }).filter((object) =>
    Object.values(object as Record<string, { family?: unknown; table?: unknown }>).some(
      ({ family, table }) => family === "ip" && table === "meganat",
    ),
  );
  return parseListing(ours).sets;
}
