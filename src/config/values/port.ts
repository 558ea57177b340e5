import { parsePortRange, type PortRange } from "../../address/port-range.ts";
import { Fault, quote } from "../fault.ts";

/** Reads `80` or `1024-65535`. */
export function readPorts(text: string): PortRange | Fault {
  return parsePortRange(text) ?? explainPorts(text);
}

function explainPorts(text: string): Fault {
  const parts = text.split(/\s*[-–:]\s*/);
  const wrong = parts.map(explainPort).find((fault) => fault !== undefined);
  if (wrong !== undefined) return wrong;
  const [first, last] = parts;
  if (first === undefined || last === undefined || parts.length > 2) return notPorts(text);
  if (Number(last) < Number(first)) {
    return new Fault("reversed-range", `the range is reversed: ${first} is after ${last}`, `write ${last}-${first}`);
  }
  return new Fault("bad-port", `${quote(text)} is not a range of ports`, `write ${first}-${last}`);
}

function explainPort(text: string): Fault | undefined {
  if (!/^\d+$/.test(text)) return notPorts(text);
  if (/^0\d+$/.test(text)) {
    return new Fault("leading-zero", `port ${text} has a leading zero`, `write ${Number(text)}`);
  }
  if (text === "0") return new Fault("bad-port", "port 0 does not exist on the wire", "write a port from 1 to 65535");
  if (Number(text) > 65535) return new Fault("bad-port", `port ${text} is over 65535`, "write a port from 1 to 65535");
  return undefined;
}

function notPorts(text: string): Fault {
  const fix = text.includes(",") ? "write one forward for each port or range" : "write 8080, or 1024-65535 for a range";
  return new Fault("bad-port", `${quote(text)} is not a port`, fix);
}
