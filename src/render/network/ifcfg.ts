import type { Gateway } from "../../config/gateway.ts";
import { linkSetups } from "./link-setup.ts";

/** The links as ifcfg files of Red Hat's network scripts and NetworkManager, each under a comment with its path. */
export function writeIfcfg(gateway: Gateway): string {
  const files = linkSetups(gateway).map(({ interface: device, addresses, defaultRoute }) =>
    [
      `# /etc/sysconfig/network-scripts/ifcfg-${device}`,
      `DEVICE=${device}`,
      "ONBOOT=yes",
      "BOOTPROTO=none",
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
      "",
    ].join("\n"),
  );
  return files.join("\n");
}
