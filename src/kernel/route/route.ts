import { formatIpv4, type Ipv4 } from "../../address/ipv4.ts";
import { isKernelError } from "../error.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import type { AttributeCursor, MessageCursor } from "../netlink/cursor.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { readInterfaceNames } from "./link.ts";
import { findInterface } from "./link-message.ts";
import { AF_INET, readList, requireIpv4, requirePrefix, withRoute } from "./rtnetlink.ts";

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
/** Bytes of struct rtmsg. */
const RTMSG = 12;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_TABLE = 15;

/** The tables that every kernel has. */
export const MAIN_TABLE = 254;
export const LOCAL_TABLE = 255;

/** rtm_type; the index is the kernel's number. */
export const TYPES = [
  "unspecified",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
] as const;
const SCOPES = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;
/** Set by an administrator; daemons that own routes leave these alone. */
const RTPROT_STATIC = 4;

export type RouteType = (typeof TYPES)[number];
export type RouteScope = keyof typeof SCOPES;

/** A route to add or remove. */
export interface RouteSpec {
  /** `a.b.c.d/length` without host bits; `0.0.0.0/0` is the default route. */
  readonly destination: string;
  /** Default: as for ip-route, `local` for type local, else `main`. */
  readonly table?: number;
  /** Default `unicast`. */
  readonly type?: RouteType;
  readonly interface?: string;
  /** Next hop, dotted. */
  readonly via?: string;
  /** Default: host for local routes, link without a next hop, else global. */
  readonly scope?: RouteScope;
  readonly metric?: number;
  /** Who sets it, as rtm_protocol has it. Default: an administrator, 4; to remove: whoever. */
  readonly protocol?: number;
}

/** A route of the kernel; of one with several next hops `interface` and `via` are absent. */
export interface RouteInfo extends RouteSpec {
  readonly table: number;
  readonly type: RouteType;
  /** Who set it: rtm_protocol, 2 the kernel, 3 boot, 4 static. */
  readonly protocol: number;
  /** Preferred source address, dotted. */
  readonly source?: string;
}

/** IPv4 routes of one table, or of all tables (the local one too). */
export function listRoutes(namespace: NamespaceName, options: { readonly table?: number } = {}): RouteInfo[] {
  return withRoute(namespace, (connection) => readRoutes(connection, options.table));
}

/** Adds the route; throws `kernel-exists`, `kernel-not-found` for the interface, `kernel-rejected` for the next hop. */
export function addRoute(namespace: NamespaceName, spec: RouteSpec): void {
  const tried = `add ${describe(spec)}`;
  const type = spec.type ?? "unicast";
  const scope = spec.scope ?? (type === "local" ? "host" : isDirect(spec, type) ? "link" : "global");
  withRoute(namespace, (connection) => {
    const flags = NLM_F_CREATE | NLM_F_EXCL;
    const protocol = spec.protocol ?? RTPROT_STATIC;
    connection.request(routeMessage(connection, RTM_NEWROUTE, flags, spec, scope, protocol, tried), tried);
  });
}

/** Removes the first route that fits everything given; throws `kernel-not-found`. */
export function removeRoute(namespace: NamespaceName, spec: RouteSpec): void {
  const tried = `remove ${describe(spec)}`;
  withRoute(namespace, (connection) => {
    // Scope nowhere and protocol 0 fit any, as ip-route has it.
    const { scope = "nowhere", protocol = 0 } = spec;
    connection.request(routeMessage(connection, RTM_DELROUTE, 0, spec, scope, protocol, tried), tried);
  });
}

/** As `listRoutes`, over a connection that is open already. */
export function readRoutes(connection: NetlinkConnection, table?: number): RouteInfo[] {
  const names = readInterfaceNames(connection);
  const request = rtmsg(RTM_GETROUTE, 0, 0, 0, 0, 0);
  if (table !== undefined) request.attribute(RTA_TABLE, (value) => value.u32(table));
  try {
    return readList(connection, request, "list routes", (reply, attributes) => {
      const route = decodeRoute(reply, attributes, names);
      // Kernels before 4.20 do not filter by table.
      return route === undefined || (table !== undefined && route.table !== table) ? undefined : route;
    });
  } catch (error) {
    // A table that never had a route does not exist.
    if (table !== undefined && isKernelError(error, "kernel-not-found")) return [];
    throw error;
  }
}

function decodeRoute(
  reply: MessageCursor,
  attributes: AttributeCursor,
  names: ReadonlyMap<number, string>,
): RouteInfo | undefined {
  if (reply.type !== RTM_NEWROUTE || reply.u8(0) !== AF_INET) return undefined;
  let destination: Ipv4 = 0;
  let table = reply.u8(4);
  const optional: { interface?: string; via?: string; metric?: number; source?: string; scope?: RouteScope } = {};
  attributes.inMessage(reply, RTMSG);
  while (attributes.next()) {
    if (attributes.type === RTA_DST) destination = attributes.u32be();
    else if (attributes.type === RTA_TABLE) table = attributes.u32();
    else if (attributes.type === RTA_OIF)
      optional.interface = names.get(attributes.u32()) ?? `index ${attributes.u32()}`;
    else if (attributes.type === RTA_GATEWAY) optional.via = formatIpv4(attributes.u32be());
    else if (attributes.type === RTA_PRIORITY) optional.metric = attributes.u32();
    else if (attributes.type === RTA_PREFSRC) optional.source = formatIpv4(attributes.u32be());
  }
  const scope = scopeName(reply.u8(6));
  if (scope !== undefined) optional.scope = scope;
  return {
    destination: `${formatIpv4(destination)}/${reply.u8(1)}`,
    table,
    type: TYPES[reply.u8(7)] ?? "unspecified",
    protocol: reply.u8(5),
    ...optional,
  };
}

function routeMessage(
  connection: NetlinkConnection,
  message: number,
  flags: number,
  spec: RouteSpec,
  scope: RouteScope,
  protocol: number,
  tried: string,
): NetlinkMessage {
  const destination = requirePrefix(spec.destination, tried);
  const gateway = spec.via === undefined ? undefined : requireIpv4(spec.via, tried);
  const index = spec.interface === undefined ? undefined : findInterface(connection, spec.interface);
  const type = spec.type ?? "unicast";
  const table = spec.table ?? (type === "local" || type === "broadcast" ? LOCAL_TABLE : MAIN_TABLE);
  const request = rtmsg(message, flags, destination.length, protocol, SCOPES[scope], TYPES.indexOf(type))
    .attribute(RTA_DST, (value) => value.u32be(destination.address))
    .attribute(RTA_TABLE, (value) => value.u32(table));
  if (index !== undefined) request.attribute(RTA_OIF, (value) => value.u32(index));
  if (gateway !== undefined) request.attribute(RTA_GATEWAY, (value) => value.u32be(gateway));
  const metric = spec.metric;
  if (metric !== undefined) request.attribute(RTA_PRIORITY, (value) => value.u32(metric));
  return request;
}

/** The table goes in an attribute, because the struct has one byte for it. */
function rtmsg(
  message: number,
  flags: number,
  length: number,
  protocol: number,
  scope: number,
  type: number,
): NetlinkMessage {
  return new NetlinkMessage(message, flags)
    .u8(AF_INET)
    .u8(length)
    .u8(0)
    .u8(0)
    .u8(0)
    .u8(protocol)
    .u8(scope)
    .u8(type)
    .u32(0);
}

function isDirect(spec: RouteSpec, type: RouteType): boolean {
  return type === "unicast" && spec.via === undefined;
}

function scopeName(value: number): RouteScope | undefined {
  for (const [name, number] of Object.entries(SCOPES)) if (number === value && isScope(name)) return name;
  return undefined;
}

function isScope(name: string): name is RouteScope {
  return name in SCOPES;
}

function describe(spec: RouteSpec): string {
  const parts = [
    `${spec.type === undefined || spec.type === "unicast" ? "" : `${spec.type} `}route ${spec.destination}`,
  ];
  if (spec.via !== undefined) parts.push(`via ${spec.via}`);
  if (spec.interface !== undefined) parts.push(`by ${spec.interface}`);
  if (spec.table !== undefined) parts.push(`in table ${spec.table}`);
  return parts.join(" ");
}
