import type { Gateway } from "../../config/gateway.ts";
import type { BondSetting, LinkSetting, VlanSetting } from "../desired-state.ts";
import { linkSettings } from "../links.ts";
import { reachOf } from "../reach.ts";

/** What another program must be told to set an interface up as the gateway file has it. */
export interface LinkSetup {
  /** Its name in the file; an interface that only carries others has none. */
  readonly link?: string;
  readonly interface: string;
  /** `a.b.c.d/len`, the link's own first, then the public ones it answers for. */
  readonly addresses: readonly string[];
  /** Next hop of the default route by this link; a second one has a metric and stands by. */
  readonly defaultRoute?: { readonly via: string; readonly metric?: number };
  /** Networks beyond it; without `via` they are on the link itself. */
  readonly routes: readonly SetupRoute[];
  /** Bytes. */
  readonly mtu?: number;
  readonly bond?: BondSetting;
  readonly vlan?: VlanSetting;
  /** The bond this is a member of, and whether the bond prefers it. */
  readonly memberOf?: { readonly bond: string; readonly primary: boolean };
  /** VLANs that lie on it, by their interfaces. */
  readonly vlans: readonly string[];
}

/** A static route of a link: `a.b.c.d/len` by way of a router on it. */
export interface SetupRoute {
  readonly to: string;
  readonly via?: string;
  readonly metric?: number;
}

/** The interfaces of the file in its order, each behind those it is made of. */
export function linkSetups(gateway: Gateway): LinkSetup[] {
  const settings = linkSettings(gateway);
  const setups = new Map<string, LinkSetup>();
  const links = new Map(gateway.links.map((link) => [link.interface, link.name]));
  const place = (device: string): void => {
    if (setups.has(device)) return;
    const setting = settings.find((candidate) => candidate.interface === device);
    for (const below of [...(setting?.bond?.members ?? []), ...(setting?.vlan === undefined ? [] : [setting.vlan.on])])
      place(below);
    setups.set(device, setupOf(gateway, settings, device, links.get(device)));
  };
  for (const { interface: device } of gateway.links) place(device);
  return [...setups.values()];
}

function setupOf(
  gateway: Gateway,
  settings: readonly LinkSetting[],
  device: string,
  link: string | undefined,
): LinkSetup {
  const reach = reachOf(gateway);
  const { mtu, bond, vlan } = settings.find((candidate) => candidate.interface === device) ?? {};
  const routes = reach.routes.filter((route) => route.interface === device);
  const defaultRoute = routes.find(({ destination }) => destination === "0.0.0.0/0");
  const master = settings.find((candidate) => candidate.bond?.members.includes(device));
  return {
    ...(link === undefined ? {} : { link }),
    interface: device,
    addresses: reach.addresses
      .filter((setting) => setting.interface === device)
      .map(({ address, length }) => `${address}/${length}`),
    ...(defaultRoute?.via === undefined ? {} : { defaultRoute: { via: defaultRoute.via, ...metricOf(defaultRoute) } }),
    routes: routes
      .filter((route) => route !== defaultRoute)
      .map(({ destination, via, metric }) => ({
        to: destination,
        ...(via === undefined ? {} : { via }),
        ...metricOf({ metric }),
      })),
    ...(mtu === undefined ? {} : { mtu }),
    ...(bond === undefined ? {} : { bond }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(master === undefined
      ? {}
      : { memberOf: { bond: master.interface, primary: master.bond?.options.primary === device } }),
    vlans: settings.filter((candidate) => candidate.vlan?.on === device).map((candidate) => candidate.interface),
  };
}

function metricOf({ metric }: { readonly metric?: number | undefined }): { readonly metric?: number } {
  return metric === undefined ? {} : { metric };
}
