import type { Gateway } from "../../config/gateway.ts";
import { linkSetups, type LinkSetup } from "./link-setup.ts";

/** The links as files for systemd-networkd, each under a comment with its path. */
export function writeNetworkd(gateway: Gateway): string {
  const files = linkSetups(gateway).flatMap((setup) => [...deviceFile(setup), networkFile(setup)]);
  return files.map((lines) => `${lines.join("\n")}\n`).join("\n");
}

/** What carries others comes before them, and is never taken for a link of the same name. */
function pathOf({ link, interface: device }: LinkSetup): string {
  return `/etc/systemd/network/${link === undefined ? `40-${device}` : `50-${link}`}`;
}

/** What is made, not found: a bond or a VLAN (systemd.netdev(5)). */
function deviceFile(setup: LinkSetup): string[][] {
  const { interface: device, bond, vlan } = setup;
  if (bond === undefined && vlan === undefined) return [];
  const kind = bond === undefined ? "vlan" : "bond";
  const head = [`# ${pathOf(setup)}.netdev`, "[NetDev]", `Name=${device}`, `Kind=${kind}`, ""];
  if (vlan !== undefined) return [[...head, "[VLAN]", `Id=${vlan.id}`]];
  const { mode, miimon, updelay, downdelay, xmitHashPolicy, lacpRate, minLinks } = bond?.options ?? {};
  const options: readonly (readonly [string, string | number | undefined])[] = [
    ["Mode", mode],
    ["MIIMonitorSec", milliseconds(miimon)],
    ["UpDelaySec", milliseconds(updelay)],
    ["DownDelaySec", milliseconds(downdelay)],
    ["TransmitHashPolicy", xmitHashPolicy],
    ["LACPTransmitRate", lacpRate],
    ["MinLinks", minLinks === 0 ? undefined : minLinks],
  ];
  return [[...head, "[Bond]", ...options.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))]];
}

function milliseconds(value: number | undefined): string | undefined {
  return value === undefined || value === 0 ? undefined : `${value}ms`;
}

function networkFile(setup: LinkSetup): string[] {
  const { interface: device, addresses, defaultRoute, routes, mtu, memberOf, vlans } = setup;
  return [
    `# ${pathOf(setup)}.network`,
    "[Match]",
    `Name=${device}`,
    ...(mtu === undefined ? [] : ["", "[Link]", `MTUBytes=${mtu}`]),
    "",
    "[Network]",
    ...(memberOf === undefined
      ? ["# Addresses and routes that MegaNAT adds stay.", "KeepConfiguration=yes"]
      : [`Bond=${memberOf.bond}`, ...(memberOf.primary ? ["PrimarySlave=yes"] : [])]),
    ...vlans.map((vlan) => `VLAN=${vlan}`),
    ...addresses.map((address) => `Address=${address}`),
    ...(defaultRoute === undefined
      ? []
      : ["", "[Route]", `Gateway=${defaultRoute.via}`, ...metricLine(defaultRoute.metric)]),
    ...routes.flatMap(({ to, via, metric }) => [
      "",
      "[Route]",
      `Destination=${to}`,
      ...(via === undefined ? [] : [`Gateway=${via}`]),
      ...metricLine(metric),
    ]),
  ];
}

function metricLine(metric: number | undefined): string[] {
  return metric === undefined ? [] : [`Metric=${metric}`];
}
