import type { Ipv4 } from "../address/ipv4.ts";
import type { Ipv4Prefix } from "../address/ipv4-prefix.ts";
import type { Ipv4Range } from "../address/ipv4-range.ts";
import type { AddressSetting } from "../render/desired-state.ts";
import type { LabServices } from "./services/service-ports.ts";

/** One of the three namespaces of a lab. */
export type LabSide = "gateway" | "inside" | "outside";

/** The namespace of each side. */
export type LabNamespaces = Readonly<Record<LabSide, string>>;

/** The replica of a gateway as a value: what to build in three network namespaces. */
export interface LabTopology {
  readonly id: string;
  readonly namespaces: LabNamespaces;
  /** One veth pair each, of the same name on both ends. */
  readonly links: readonly LabLink[];
  /** What the gateway needs beyond its file: addresses and routes that on the real host come from elsewhere. */
  readonly gateway: LabHost;
  /** Owns every subscriber's address. */
  readonly inside: InsideHost;
  /** Answers on every address of the internet. */
  readonly outside: LabHost;
  readonly services: Readonly<Record<"inside" | "outside", LabServices>>;
  /** What the file leaves open and the lab chose, for people. */
  readonly assumptions: readonly string[];
}

/** A link of the gateway and who is at its other end. */
export interface LabLink {
  /** The file's name for it. */
  readonly name: string;
  readonly interface: string;
  readonly side: "inside" | "outside";
  /** The gateway's own addresses on it, from the file or assumed. */
  readonly addresses: readonly Ipv4Prefix[];
  /** Interfaces the gateway makes a bond of: one veth pair each, and a bond of the far ends too. */
  readonly members?: readonly string[];
  /** The address of the other end: the provider's router, or a host inside. */
  readonly neighbour: Ipv4;
}

/** Addresses, routes and rules of one namespace, in the order in which the kernel accepts them. */
export interface LabHost {
  readonly addresses: readonly AddressSetting[];
  readonly routes: readonly LabRoute[];
  readonly sourceRules: readonly LabSourceRule[];
}

/** The subscribers' side. */
export interface InsideHost extends LabHost {
  /** Every address it owns, network and broadcast addresses of the links included. */
  readonly owned: readonly Ipv4Range[];
}

/** A route; `local` makes every address of the destination the namespace's own (AnyIP). */
export interface LabRoute {
  readonly destination: string;
  readonly table: number;
  readonly type: "unicast" | "local";
  readonly interface: string;
  readonly via?: string;
}

/** Packets from the source look their route up in the table. */
export interface LabSourceRule {
  readonly from: string;
  readonly table: number;
  readonly priority: number;
}

/** Names of the namespaces of a lab. */
export function labNamespaces(id: string): LabNamespaces {
  return { gateway: `mn-${id}-gw`, inside: `mn-${id}-in`, outside: `mn-${id}-out` };
}
