import { formatIpv4, parseIpv4 } from "../../address/ipv4.ts";
import {
  formatIpv4Prefix,
  network,
  parseIpv4Prefix,
  prefixFromNetmask,
  type Ipv4Prefix,
} from "../../address/ipv4-prefix.ts";
import { Fault, quote } from "../fault.ts";
import { explainAddress, specialAddress } from "./address.ts";

/** Reads an interface address with its prefix length, 61.138.177.2/27: host bits are wanted. */
export function readInterfaceAddress(text: string): Ipv4Prefix | Fault {
  const prefix = parseIpv4Prefix(text);
  if (prefix === undefined) return explainPrefix(text);
  if (prefix.length === 0) return explainLength(formatIpv4(prefix.address), "0");
  return specialAddress(prefix.address, prefix.address) ?? prefix;
}

/** Reads a network, 10.1.0.0/16: host bits must be clear. */
export function readNetwork(text: string): Ipv4Prefix | Fault {
  const prefix = parseIpv4Prefix(text);
  if (prefix === undefined) return explainPrefix(text);
  return network(prefix) === prefix.address ? prefix : hostBits(prefix);
}

/** The fault of a prefix that names a network but has host bits set. */
export function hostBits(prefix: Ipv4Prefix): Fault {
  const right = formatIpv4Prefix({ address: network(prefix), length: prefix.length });
  return new Fault(
    "host-bits",
    `${formatIpv4Prefix(prefix)} has bits of the host part set; the network is ${right}`,
    `write ${right} for the whole network, or ${formatIpv4(prefix.address)} for the one address`,
  );
}

/** Why the text is no prefix. */
export function explainPrefix(text: string): Fault {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  if (parseIpv4(address) === undefined) return explainAddress(address, slash < 0 ? "" : text.slice(slash));
  if (slash >= 0) return explainLength(address, text.slice(slash + 1));
  return new Fault("bad-address", `${quote(text)} has no prefix length`, `add it, as in ${address}/24`);
}

function explainLength(address: string, length: string): Fault {
  const message = `${quote(length)} is not a prefix length`;
  const mask = parseIpv4(length);
  const fromMask = mask === undefined ? undefined : prefixFromNetmask(mask);
  if (fromMask !== undefined)
    return new Fault("bad-address", message, `write the netmask as a length: ${address}/${fromMask}`);
  if (/^0\d+$/.test(length)) {
    return new Fault("leading-zero", `${message}: it has a leading zero`, `write ${address}/${Number(length)}`);
  }
  return new Fault("bad-address", message, "write a number from 1 to 32 after the slash");
}
