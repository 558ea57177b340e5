import type { Gateway } from "../../config/gateway.ts";
import type { BondSetting } from "../desired-state.ts";
import { linkSetups, type LinkSetup } from "./link-setup.ts";

const FOLDER = "/etc/sysconfig/network-scripts";

/** The links as ifcfg files of Red Hat's network scripts and NetworkManager, each under a comment with its path. */
export function writeIfcfg(gateway: Gateway): string {
  const files = linkSetups(gateway).flatMap((setup) => [linkFile(setup), ...routeFile(setup)]);
  return files.map((lines) => `${lines.join("\n")}\n`).join("\n");
}

function linkFile(setup: LinkSetup): string[] {
  const { interface: device, addresses, defaultRoute, mtu, bond, vlan, memberOf } = setup;
  const head = [
    `# ${FOLDER}/ifcfg-${device}`,
    `DEVICE=${device}`,
    ...(bond === undefined ? [] : ["TYPE=Bond", "BONDING_MASTER=yes", `BONDING_OPTS="${bondOptions(bond)}"`]),
    ...(vlan === undefined ? [] : ["TYPE=Vlan", "VLAN=yes", `PHYSDEV=${vlan.on}`, `VLAN_ID=${vlan.id}`]),
    ...(memberOf === undefined ? [] : ["TYPE=Ethernet", `MASTER=${memberOf.bond}`, "SLAVE=yes"]),
    "ONBOOT=yes",
    "BOOTPROTO=none",
    ...(mtu === undefined ? [] : [`MTU=${mtu}`]),
  ];
  if (memberOf !== undefined) return head;
  return [
    ...head,
    ...addresses.flatMap((text, index) => {
      const [address = "", length = ""] = text.split("/");
      // The first has no number: with one, older scripts leave the gateway out.
      const number = index === 0 ? "" : String(index);
      return [`IPADDR${number}=${address}`, `PREFIX${number}=${length}`];
    }),
    ...(defaultRoute === undefined
      ? ["DEFROUTE=no"]
      : [
          `GATEWAY=${defaultRoute.via}`,
          "DEFROUTE=yes",
          ...(defaultRoute.metric === undefined ? [] : [`IPV4_ROUTE_METRIC=${defaultRoute.metric}`]),
        ]),
  ];
}

/** In the words of the kernel's module. */
function bondOptions({ options }: BondSetting): string {
  const { mode, miimon, updelay, downdelay, xmitHashPolicy, lacpRate, primary, minLinks } = options;
  const words: readonly (readonly [string, string | number | undefined])[] = [
    ["mode", mode],
    ["miimon", miimon],
    ["updelay", updelay],
    ["downdelay", downdelay],
    ["xmit_hash_policy", xmitHashPolicy],
    ["lacp_rate", lacpRate],
    ["primary", primary],
    ["min_links", minLinks],
  ];
  const given = words.filter(([, value]) => value !== undefined && value !== "" && value !== 0);
  return given.map(([key, value]) => `${key}=${value}`).join(" ");
}

function routeFile({ interface: device, routes }: LinkSetup): string[][] {
  if (routes.length === 0) return [];
  const lines = routes.map(({ to, via, metric }) =>
    [
      to,
      ...(via === undefined ? [] : [`via ${via}`]),
      `dev ${device}`,
      ...(metric === undefined ? [] : [`metric ${metric}`]),
    ].join(" "),
  );
  return [[`# ${FOLDER}/route-${device}`, ...lines]];
}
