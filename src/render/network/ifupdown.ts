import type { Gateway } from "../../config/gateway.ts";
import { linkSetups, type LinkSetup } from "./link-setup.ts";

/** The links as a file for Debian's ifupdown: /etc/network/interfaces.d/meganat. */
export function writeIfupdown(gateway: Gateway): string {
  return ["# /etc/network/interfaces.d/meganat", ...linkSetups(gateway).flatMap(stanzas)].join("\n") + "\n";
}

function stanzas({ interface: device, addresses, defaultRoute }: LinkSetup): string[] {
  const [first, ...others] = addresses;
  if (first === undefined) return ["", `auto ${device}`, `iface ${device} inet manual`];
  return [
    "",
    `auto ${device}`,
    `iface ${device} inet static`,
    `  address ${first}`,
    ...(defaultRoute === undefined ? [] : [`  gateway ${defaultRoute.via}`]),
    ...(defaultRoute?.metric === undefined ? [] : [`  metric ${defaultRoute.metric}`]),
    ...others.flatMap((address) => [`iface ${device} inet static`, `  address ${address}`]),
  ];
}
