import type { Link } from "./gateway.ts";
import type { Entry } from "./schema/entries.ts";
import type { UplinkEntry } from "./schema/uplinks.ts";
import type { Uplink } from "./uplink.ts";

/** Fills in what an uplink leaves out. */
export function uplinkOf({ link, health = {} }: UplinkEntry, links: readonly Entry<Link>[]): Uplink {
  const gateway = links.find(({ value }) => value.name === link)?.value.gateway;
  return {
    link,
    health: {
      probes: health.probe ?? (gateway === undefined ? [] : [{ address: gateway }]),
      interval: health.interval ?? 1000,
      downAfter: health["down-after"] ?? 3000,
      upAfter: health["up-after"] ?? 10_000,
    },
  };
}
