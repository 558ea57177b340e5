import { formatIpv4, parseIpv4 } from "../../address/ipv4.ts";
import { network, parseIpv4Prefix } from "../../address/ipv4-prefix.ts";
import { parseIpv4Range, type Ipv4Range } from "../../address/ipv4-range.ts";
import { Fault, quote } from "../fault.ts";
import { explainAddress, specialAddress } from "./address.ts";
import { explainPrefix, hostBits } from "./prefix.ts";

/** Reads an address, a range `a-b` or a network `a/length`. */
export function readRange(text: string): Ipv4Range | Fault {
  return parseIpv4Range(text) ?? explainRange(text);
}

/** Reads an address, a range or a network whose every address a host can have. */
export function readHostRange(text: string): Ipv4Range | Fault {
  const range = readRange(text);
  return range instanceof Fault ? range : (specialAddress(range.first, range.last) ?? range);
}

function explainRange(text: string): Fault {
  if (text.includes(",")) {
    return new Fault(
      "bad-address",
      `${quote(text)} is one text with commas`,
      "write a list in brackets: [10.0.0.1, 10.0.0.2]",
    );
  }
  const parts = text.split(/\s*(?:-|–|\.\.+)\s*/);
  const [from, to] = parts;
  if (from === undefined || to === undefined) return explainSingle(text);
  if (parts.length > 2) {
    return new Fault("bad-address", `${quote(text)} is not a range`, "write a range as first-last: 10.0.0.1-10.0.0.9");
  }
  const first = parseIpv4(from);
  if (first === undefined) return explainAddress(from);
  const last = parseIpv4(to);
  if (last === undefined) return explainEnd(text, from, to);
  if (last < first) {
    const shown = `${formatIpv4(first)} is after ${formatIpv4(last)}`;
    return new Fault(
      "reversed-range",
      `the range is reversed: ${shown}`,
      `write ${formatIpv4(last)}-${formatIpv4(first)}`,
    );
  }
  return new Fault("bad-address", `${quote(text)} is not a range`, `write ${formatIpv4(first)}-${formatIpv4(last)}`);
}

function explainSingle(text: string): Fault {
  if (!text.includes("/")) return explainAddress(text);
  const prefix = parseIpv4Prefix(text);
  return prefix !== undefined && network(prefix) !== prefix.address ? hostBits(prefix) : explainPrefix(text);
}

// 10.0.0.1-20 is what nmap and many firewalls take; here it could as well be a slip.
function explainEnd(text: string, from: string, to: string): Fault {
  if (!/^\d{1,3}$/.test(to) || Number(to) > 255) return explainAddress(to);
  const whole = `${from.slice(0, from.lastIndexOf("."))}.${Number(to)}`;
  return new Fault("bad-address", `${quote(text)} has only the last number of its end`, `write ${from}-${whole}`);
}
