import type { Gateway } from "../../config/gateway.ts";
import type { BondSetting, VlanSetting } from "../desired-state.ts";
import { linkSetups, type LinkSetup } from "./link-setup.ts";

/** The links as a file for Debian's ifupdown: /etc/network/interfaces.d/meganat. Bonds need the package ifenslave. */
export function writeIfupdown(gateway: Gateway): string {
  const setups = linkSetups(gateway);
  const needs = setups.some(({ bond }) => bond !== undefined) ? ["# Bonds need the package ifenslave."] : [];
  return ["# /etc/network/interfaces.d/meganat", ...needs, ...setups.flatMap(stanzas)].join("\n") + "\n";
}

function stanzas(setup: LinkSetup): string[] {
  const { interface: device, addresses, defaultRoute, mtu, bond, vlan, memberOf } = setup;
  // ifenslave brings the members of a bond up with it.
  if (memberOf !== undefined) return [];
  const [first, ...others] = addresses;
  return [
    "",
    `auto ${device}`,
    `iface ${device} inet ${first === undefined ? "manual" : "static"}`,
    ...(first === undefined ? [] : [`  address ${first}`]),
    ...(defaultRoute === undefined ? [] : [`  gateway ${defaultRoute.via}`]),
    ...(defaultRoute?.metric === undefined ? [] : [`  metric ${defaultRoute.metric}`]),
    ...(mtu === undefined ? [] : [`  mtu ${mtu}`]),
    ...(bond === undefined ? [] : bondLines(bond)),
    ...(vlan === undefined ? [] : vlanLines(device, vlan)),
    ...setup.routes.map(({ to, via, metric }) =>
      [
        `  up ip route add ${to}`,
        ...(via === undefined ? [] : [`via ${via}`]),
        `dev ${device}`,
        ...(metric === undefined ? [] : [`metric ${metric}`]),
      ].join(" "),
    ),
    ...others.flatMap((address) => [`iface ${device} inet static`, `  address ${address}`]),
  ];
}

function bondLines({ members, options }: BondSetting): string[] {
  const { mode, miimon, updelay, downdelay, xmitHashPolicy, lacpRate, primary, minLinks = 0 } = options;
  const words: readonly (readonly [string, string | number | undefined])[] = [
    ["slaves", members.join(" ")],
    ["mode", mode],
    ["miimon", miimon],
    ["updelay", updelay],
    ["downdelay", downdelay],
    ["xmit-hash-policy", xmitHashPolicy],
    ["lacp-rate", lacpRate],
    ["primary", primary],
  ];
  const given = words.filter(([, value]) => value !== undefined && value !== "" && value !== 0);
  return [
    ...given.map(([key, value]) => `  bond-${key} ${value}`),
    // ifenslave has no word for it.
    ...(minLinks === 0 ? [] : [`  up echo ${minLinks} >/sys/class/net/$IFACE/bonding/min_links`]),
  ];
}

/** ifupdown makes by itself what is called DEVICE.ID. */
function vlanLines(device: string, { on, id }: VlanSetting): string[] {
  if (device === `${on}.${id}`) return [];
  return [
    `  pre-up ip link show ${device} >/dev/null 2>&1 || ip link add link ${on} name ${device} type vlan id ${id}`,
    `  post-down ip link delete ${device}`,
  ];
}
