import type { Gateway } from "../config/gateway.ts";
import type { LinkSetting } from "./desired-state.ts";

/** The kernel's name for a link of the file; throws RangeError for a link the file does not have. */
export function interfaceOf(gateway: Gateway, link: string): string {
  const found = gateway.links.find(({ name }) => name === link);
  if (found === undefined) throw new RangeError(`the gateway ${gateway.name} has no link ${link}`);
  return found.interface;
}

/** What the file says of its interfaces themselves. */
export function linkSettings(gateway: Gateway): LinkSetting[] {
  return gateway.links.flatMap(({ interface: device, mtu }) => (mtu === undefined ? [] : [{ interface: device, mtu }]));
}
