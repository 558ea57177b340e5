import type { Gateway } from "../../config/gateway.ts";
import { linkSetups } from "./link-setup.ts";

/** The links as files for systemd-networkd, each under a comment with its path. */
export function writeNetworkd(gateway: Gateway): string {
  const files = linkSetups(gateway).map(({ link, interface: device, addresses, defaultRoute }) =>
    [
      `# /etc/systemd/network/50-${link}.network`,
      "[Match]",
      `Name=${device}`,
      "",
      "[Network]",
      "# Addresses and routes that MegaNAT adds stay.",
      "KeepConfiguration=yes",
      ...addresses.map((address) => `Address=${address}`),
      ...(defaultRoute === undefined
        ? []
        : [
            "",
            "[Route]",
            `Gateway=${defaultRoute.via}`,
            ...(defaultRoute.metric === undefined ? [] : [`Metric=${defaultRoute.metric}`]),
          ]),
      "",
    ].join("\n"),
  );
  return files.join("\n");
}
