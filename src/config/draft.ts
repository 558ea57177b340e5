import type { FileEntries, Entry } from "./schema/entries.ts";
import type {
  Gateway,
  Link,
  Pool,
  PortForward,
  SourceNat,
  StaticNat,
  StaticRoute,
  Timeouts,
  TwiceNat,
  TwiceNatSide,
} from "./gateway.ts";
import { TIMEOUT_NAMES } from "./gateway.ts";
import { formatIpv4Range } from "../address/ipv4-range.ts";
import { HASHING_MODES, type Bond } from "./bond.ts";
import { limitsOf } from "./draft-limits.ts";
import type { Limits } from "./limits.ts";
import { uplinkOf } from "./draft-uplinks.ts";
import type { FilePath } from "./problem.ts";
import type { BondEntry } from "./schema/bond.ts";
import type { LinkEntry } from "./schema/links.ts";
import type { Uplink } from "./uplink.ts";
import type { CapacityEntry } from "./schema/capacity.ts";
import type { PortForwardEntry, SourceNatEntry, StaticNatEntry, TwiceNatEntry } from "./schema/translations.ts";

/** Entries of the file in the words of Gateway, with their places; not yet checked against each other. */
export interface DraftGateway {
  readonly links: readonly DraftLink[];
  readonly pools: readonly Entry<Pool>[];
  readonly sourceNat: readonly Entry<SourceNat>[];
  readonly portForwards: readonly Entry<PortForward>[];
  readonly staticNat: readonly Entry<StaticNat>[];
  readonly twiceNat: readonly Entry<TwiceNat>[];
  readonly uplinks: readonly Entry<Uplink>[];
  readonly limits: Limits | undefined;
  /** Names in the file, of entries that could not be read too; undefined when the section itself could not. */
  readonly linkNames: readonly string[] | undefined;
  readonly poolNames: readonly string[] | undefined;
  /** False when an entry could not be read: then nothing can be said about what is not in the file. */
  readonly isComplete: boolean;
  /** The only link with a gateway, or empty. */
  readonly defaultOut: string;
}

/** A link, and where each of its addresses stands: those of a range all at the same place. */
export interface DraftLink extends Entry<Link> {
  readonly addressPaths: readonly FilePath[];
}

/** Fills in what the file leaves out. */
export function draftGateway(entries: FileEntries): DraftGateway {
  const links = entries.links.map(({ path, value }) => ({
    path,
    value: linkOf(String(path[1]), value, entries.links),
    addressPaths: (value.addresses ?? []).flatMap((some, index) => some.map(() => [...path, "addresses", index])),
  }));
  const withGateway = links.filter((link) => link.value.gateway !== undefined);
  // Empty where no single link has a gateway: the checks then report the rules that do not say.
  const out = withGateway.length === 1 ? (withGateway[0]?.value.name ?? "") : "";
  return {
    links,
    pools: entries.pools.map(({ path, value }) => ({
      path,
      value: {
        name: String(path[1]),
        addresses: value.addresses,
        ports: value.ports ?? { first: 1024, last: 65535 },
        reachedBy: value["reached-by"] ?? "address",
      },
    })),
    sourceNat: entries.sourceNat.map(({ path, value }) => ({ path, value: sourceNatOf(value, out) })),
    portForwards: entries.portForwards.map(({ path, value }) => ({ path, value: portForwardOf(value) })),
    staticNat: entries.staticNat.map(({ path, value }) => ({ path, value: staticNatOf(value, out) })),
    twiceNat: entries.twiceNat.map(({ path, value }) => {
      const { name, inside, outside } = value;
      const via = outside.via === undefined ? {} : { via: outside.via };
      return { path, value: { name, inside: sideOf(inside), outside: { ...sideOf(outside), ...via } } };
    }),
    uplinks: entries.uplinks.map(({ path, value }) => ({ path, value: uplinkOf(value, links) })),
    limits: entries.limits === undefined ? undefined : limitsOf(entries.limits),
    linkNames: entries.linkNames,
    poolNames: entries.poolNames,
    isComplete: entries.isComplete,
    defaultOut: out,
  };
}

/** The gateway of a draft in which nothing is wrong. */
export function gatewayOf(draft: DraftGateway, entries: FileEntries): Gateway {
  return {
    name: entries.name,
    links: values(draft.links),
    pools: values(draft.pools),
    sourceNat: values(draft.sourceNat),
    portForwards: values(draft.portForwards),
    staticNat: values(draft.staticNat),
    twiceNat: values(draft.twiceNat),
    capacity: capacityOf(entries.capacity),
    ...(draft.uplinks.length === 0 ? {} : { uplinks: values(draft.uplinks) }),
    ...(draft.limits === undefined ? {} : { limits: draft.limits }),
    fastPath: entries.fastPath,
  };
}

function values<T>(list: readonly Entry<T>[]): T[] {
  return list.map((entry) => entry.value);
}

function linkOf(name: string, entry: LinkEntry, all: FileEntries["links"]): Link {
  const { gateway, mtu, routes, bond, vlan } = entry;
  return {
    name,
    interface: entry.interface ?? name,
    addresses: entry.addresses?.flat() ?? [],
    ...(gateway === undefined ? {} : { gateway }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(routes === undefined ? {} : { routes: routes.map(staticRouteOf) }),
    ...(bond === undefined ? {} : { bond: bondOf(bond) }),
    ...(vlan === undefined ? {} : { vlan: { id: vlan.id, on: interfaceNamed(vlan.on, all) } }),
  };
}

/** The interface of a link by that name, else the name is the interface's own. */
function interfaceNamed(name: string, all: FileEntries["links"]): string {
  const link = all.find(({ path }) => path[1] === name);
  return link?.value.interface ?? name;
}

function bondOf(entry: BondEntry): Bond {
  const { members, mode, primary } = entry;
  const policy = entry["xmit-hash-policy"] ?? (HASHING_MODES.has(mode) ? "layer3+4" : undefined);
  const rate = entry["lacp-rate"] ?? (mode === "802.3ad" ? "slow" : undefined);
  const minLinks = entry["min-links"];
  return {
    members,
    mode,
    miimon: entry.miimon ?? 100,
    upDelay: entry["up-delay"] ?? 0,
    downDelay: entry["down-delay"] ?? 0,
    ...(policy === undefined ? {} : { xmitHashPolicy: policy }),
    ...(rate === undefined ? {} : { lacpRate: rate }),
    ...(primary === undefined ? {} : { primary }),
    ...(minLinks === undefined ? {} : { minLinks }),
  };
}

function staticRouteOf({ to, via, metric }: NonNullable<LinkEntry["routes"]>[number]): StaticRoute {
  return { to, ...(via === undefined ? {} : { via }), ...(metric === undefined ? {} : { metric }) };
}

function sourceNatOf(entry: SourceNatEntry, out: string): SourceNat {
  const target = entry.to;
  const policy = typeof entry.ports === "object" ? entry.ports : {};
  const perSubscriber = policy["per-subscriber"];
  return {
    name: entry.name,
    from: entry.from,
    except: entry.except ?? [],
    untranslatedTo: entry["untranslated-to"] ?? [],
    out: entry.out ?? out,
    to: target.kind === "address" ? { ...target, reachedBy: entry["reached-by"] ?? "address" } : target,
    ports: {
      ...(policy.selection === undefined ? {} : { selection: policy.selection }),
      ...(perSubscriber === undefined ? {} : { perSubscriber }),
    },
  };
}

// A single port in `to` is the first of as many as `listen` has; a range is compared with it by the checks.
function portForwardOf(entry: PortForwardEntry): PortForward {
  const { protocol, address, ports } = entry.listen;
  const to = entry.to.ports ?? ports;
  const last = to.first === to.last ? to.first + ports.last - ports.first : to.last;
  return {
    name: entry.name,
    protocol,
    listen: { address, ports },
    to: { address: entry.to.address, ports: { first: to.first, last } },
  };
}

function staticNatOf(entry: StaticNatEntry, out: string): StaticNat {
  return {
    name: entry.name ?? formatIpv4Range(entry.public),
    public: entry.public,
    private: entry.private,
    out: entry.out ?? out,
    reachedBy: entry["reached-by"] ?? "address",
  };
}

function sideOf({ link, hosts, "seen-as": seenAs }: TwiceNatEntry["inside"]): TwiceNatSide {
  return { link, hosts, seenAs };
}

function capacityOf(entry: CapacityEntry): Gateway["capacity"] {
  const { subscribers, bandwidth } = entry;
  const newConnections = entry["new-connections-per-second"];
  return {
    connectionsPerSubscriber: entry["connections-per-subscriber"] ?? 170,
    timeouts: timeoutsOf(entry.timeouts),
    ...(subscribers === undefined ? {} : { subscribers }),
    ...(newConnections === undefined ? {} : { newConnectionsPerSecond: newConnections }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
  };
}

function timeoutsOf(entry: CapacityEntry["timeouts"]): Timeouts {
  if (typeof entry !== "object") return { profile: entry ?? "rfc", seconds: {} };
  const set = TIMEOUT_NAMES.filter((name) => entry[name] !== undefined);
  return {
    profile: entry.profile ?? "rfc",
    seconds: Object.fromEntries(set.map((name) => [name, entry[name]])),
  };
}
