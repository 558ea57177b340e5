import { isIPv6 } from "node:net";
import { parseIpv4Range } from "../address/ipv4-range.ts";
import type { ConnectionFilter } from "../diagnose/finding.ts";
import { ipv6Bytes } from "../kernel/conntrack/tuple.ts";
import type { AddressMatch, Bits, FlowFilter } from "../observe/flows/filter.ts";
import { STATUS_NAMES } from "../observe/flows/status-name.ts";

/** The filter of a finding as the reader of the connection table wants it. Throws a TypeError if it is malformed. */
export function flowFilterOf(filter: ConnectionFilter): FlowFilter {
  const { source, destination, replySource, replyDestination, protocol, sourcePort, destinationPort, zone } = filter;
  const status = statusOf(filter);
  return {
    ...address("source", source),
    ...address("destination", destination),
    ...address("replySource", replySource),
    ...address("replyDestination", replyDestination),
    ...(protocol === undefined ? {} : { protocol }),
    ...(sourcePort === undefined ? {} : { sourcePort: { first: sourcePort, last: sourcePort } }),
    ...(destinationPort === undefined ? {} : { destinationPort: { first: destinationPort, last: destinationPort } }),
    ...(zone === undefined ? {} : { zone }),
    ...(status === undefined ? {} : { status }),
  };
}

type AddressField = "source" | "destination" | "replySource" | "replyDestination";

function address(field: AddressField, text: string | undefined): Partial<Record<AddressField, AddressMatch>> {
  if (text === undefined) return {};
  const v4 = parseIpv4Range(text);
  if (v4 !== undefined) return { [field]: { v4 } };
  const [one = "", length = "128"] = text.split("/");
  if (!isIPv6(one)) throw new TypeError(`not an address: ${text}`);
  return { [field]: { v6: { bytes: ipv6Bytes(one), length: Number(length) } } };
}

function statusOf({ with: set = [], without = [] }: ConnectionFilter): Bits | undefined {
  if (set.length === 0 && without.length === 0) return undefined;
  const value = set.reduce((bits, name) => bits | statusBit(name), 0);
  return { value, mask: without.reduce((bits, name) => bits | statusBit(name), value) };
}

function statusBit(wanted: string): number {
  const bit = STATUS_NAMES.find(([, name]) => name === wanted)?.[0];
  if (bit === undefined) throw new TypeError(`not a status of connections: ${wanted}`);
  return bit;
}
