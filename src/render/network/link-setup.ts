import type { Gateway } from "../../config/gateway.ts";
import { reachOf } from "../reach.ts";

/** What another program must be told to set a link up as the gateway file has it. */
export interface LinkSetup {
  readonly link: string;
  readonly interface: string;
  /** `a.b.c.d/len`, the link's own first, then the public ones it answers for. */
  readonly addresses: readonly string[];
  /** Next hop of the default route by this link; a second one has a metric and stands by. */
  readonly defaultRoute?: { readonly via: string; readonly metric?: number };
}

/** The links of the file in its order. */
export function linkSetups(gateway: Gateway): LinkSetup[] {
  const { addresses, routes } = reachOf(gateway);
  return gateway.links.map((link) => {
    const route = routes.find(({ destination, interface: by }) => destination === "0.0.0.0/0" && by === link.interface);
    const own = addresses.filter((setting) => setting.interface === link.interface);
    const metric = route?.metric === undefined ? {} : { metric: route.metric };
    return {
      link: link.name,
      interface: link.interface,
      addresses: own.map(({ address, length }) => `${address}/${length}`),
      ...(route?.via === undefined ? {} : { defaultRoute: { via: route.via, ...metric } }),
    };
  });
}
