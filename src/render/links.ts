import type { Gateway } from "../config/gateway.ts";

/** The kernel's name for a link of the file; throws RangeError for a link the file does not have. */
export function interfaceOf(gateway: Gateway, link: string): string {
  const found = gateway.links.find(({ name }) => name === link);
  if (found === undefined) throw new RangeError(`the gateway ${gateway.name} has no link ${link}`);
  return found.interface;
}
