import { formatIpv4, parseIpv4, type Ipv4 } from "../../address/ipv4.ts";
import { Fault, quote } from "../fault.ts";

/** Reads an IPv4 address. */
export function readAddress(text: string): Ipv4 | Fault {
  return parseIpv4(text) ?? explainAddress(text);
}

/** Reads an IPv4 address a host can have: not loopback, multicast, reserved or 0.x.x.x. */
export function readHostAddress(text: string): Ipv4 | Fault {
  const address = readAddress(text);
  return address instanceof Fault ? address : (specialAddress(address, address) ?? address);
}

/** The fault of addresses from `first` to `last` that no host can have, or undefined when all are ordinary. */
export function specialAddress(first: Ipv4, last: Ipv4): Fault | undefined {
  for (const { from, to, what } of SPECIAL) {
    if (first > to || last < from) continue;
    const shown = formatIpv4(Math.max(first, from));
    return new Fault("special-address", `${shown} is ${what}; no host can have it`, "write the address of a host");
  }
  return undefined;
}

// RFC 6890: the blocks whose addresses are never a forwardable source or destination of one host.
const SPECIAL = [
  { from: 0, to: 0x00ffffff, what: "in 0.0.0.0/8, which means this network" },
  { from: 0x7f000000, to: 0x7fffffff, what: "a loopback address" },
  { from: 0xe0000000, to: 0xefffffff, what: "a multicast address" },
  { from: 0xf0000000, to: 0xffffffff, what: "a reserved address" },
];

/** Why the text is no IPv4 address; `rest` is what follows it in the file, a prefix length. */
export function explainAddress(text: string, rest = ""): Fault {
  if (looksLikeIpv6(text)) {
    return new Fault(
      "ipv6-address",
      `${quote(text)} is an IPv6 address`,
      "write an IPv4 address: this NAT translates IPv4",
    );
  }
  const octets = text.split(".");
  const areNumbers = octets.every((octet) => /^\d{1,10}$/.test(octet));
  if (!areNumbers) return notAddress(text);
  if (octets.length !== 4) {
    const message = `${quote(text)} has ${octets.length} ${octets.length === 1 ? "number" : "numbers"}; an IPv4 address has four`;
    return new Fault("bad-address", message, "write all four, as in 10.0.0.1");
  }
  const large = octets.find((octet) => Number(octet) > 255);
  if (large !== undefined) {
    return new Fault("bad-address", `${large} in ${quote(text)} is over 255`, "write four numbers from 0 to 255");
  }
  const zero = octets.find((octet) => octet.length > 1 && octet.startsWith("0")) ?? "";
  const octal = /^[0-7]+$/.test(zero) ? `as octal ${Number.parseInt(zero, 8)}` : "as octal (and fail)";
  return new Fault(
    "leading-zero",
    `${zero} in ${quote(text)} has a leading zero: some programs read it ${octal}, others as ${Number(zero)}`,
    `write ${octets.map(Number).join(".")}${rest}`,
  );
}

function notAddress(text: string): Fault {
  const message = `${quote(text)} is not an IPv4 address`;
  if (text.includes("/")) return new Fault("bad-address", message, "write one address, without a prefix length");
  if (text.includes(","))
    return new Fault("bad-address", message, "write several addresses as a list: [10.0.0.1, 10.0.0.2]");
  if (/^[A-Za-z][A-Za-z0-9.-]*$/.test(text)) {
    return new Fault("bad-address", message, "write the address itself, as in 10.0.0.1: names are not looked up");
  }
  return new Fault("bad-address", message, "write four numbers from 0 to 255, as in 10.0.0.1");
}

function looksLikeIpv6(text: string): boolean {
  return /^\[?[0-9a-fA-F.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%\w+)?\]?(:[\d-]+)?(\/\d+)?$/.test(text);
}
