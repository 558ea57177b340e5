import { formatIpv4 } from "../../address/ipv4.ts";
import { formatIpv4Prefix, network, prefixContains, type Ipv4Prefix } from "../../address/ipv4-prefix.ts";
import { Fault, quote } from "../fault.ts";
import { readInterfaceAddress } from "./prefix.ts";
import { readHostRange } from "./range.ts";

/** More aliases than this on one line of the file are a slip: each becomes an address of the kernel. */
const MOST_ALIASES = 4096;

/** Reads an interface address, or a range of them that share a prefix length: 61.138.177.3-61.138.177.30/27. */
export function readInterfaceAddresses(text: string): readonly Ipv4Prefix[] | Fault {
  const slash = text.lastIndexOf("/");
  const ends = slash < 0 ? text : text.slice(0, slash);
  if (!ends.includes("-")) {
    const address = readInterfaceAddress(text);
    return address instanceof Fault ? address : [address];
  }
  const range = readHostRange(ends);
  if (range instanceof Fault) return range;
  if (slash < 0) {
    return new Fault("bad-address", `${quote(text)} has no prefix length`, `add it at the end, as in ${text}/24`);
  }
  const first = readInterfaceAddress(`${formatIpv4(range.first)}${text.slice(slash)}`);
  if (first instanceof Fault) return first;
  const { length } = first;
  if (!prefixContains(first, range.last)) {
    const net = formatIpv4Prefix({ address: network(first), length });
    const message = `${formatIpv4(range.last)}, the end of the range, is not in ${net} as its beginning is`;
    return new Fault("range-crosses-network", message, "mend the prefix length, or write a range for each network");
  }
  const count = range.last - range.first + 1;
  if (count > MOST_ALIASES) {
    const message = `the range has ${count} addresses, and each would become an address of the interface`;
    const fix = `write at most ${MOST_ALIASES}; a pool that is routed to the gateway (reached-by: route) needs none`;
    return new Fault("range-too-large", message, fix);
  }
  return Array.from({ length: count }, (_, index) => ({ address: range.first + index, length }));
}
