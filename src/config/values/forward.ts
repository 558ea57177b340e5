import type { Ipv4 } from "../../address/ipv4.ts";
import type { PortRange } from "../../address/port-range.ts";
import { Fault, quote } from "../fault.ts";
import type { PortForward } from "../gateway.ts";
import { readHostAddress } from "./address.ts";
import { readPorts } from "./port.ts";

/** Where a port forward listens. */
export type Listen = PortForward["listen"] & { readonly protocol: PortForward["protocol"] };

/** Reads `61.138.177.3:8080/tcp`, with a range of ports and /udp or /tcp+udp as well. */
export function readListen(text: string): Listen | Fault {
  const slash = text.lastIndexOf("/");
  const place = readPlace(slash < 0 ? text : text.slice(0, slash));
  if (place instanceof Fault) return place;
  if (place.ports === undefined) {
    return new Fault(
      "bad-port",
      `${quote(text)} has no port`,
      "add it, as in :8080/tcp; static-nat forwards all ports",
    );
  }
  const protocol = readProtocol(slash < 0 ? "" : text.slice(slash + 1), text);
  return protocol instanceof Fault ? protocol : { address: place.address, ports: place.ports, protocol };
}

/** Reads `10.10.0.2:8080`, `10.10.0.2:8080-8090` or `10.10.0.2`: the same ports as `listen`. */
export function readPlace(text: string): { address: Ipv4; ports?: PortRange } | Fault {
  const colon = text.indexOf(":");
  if (colon < 0 || text.indexOf(":", colon + 1) >= 0) {
    const address = readHostAddress(text);
    return address instanceof Fault ? address : { address };
  }
  const address = readHostAddress(text.slice(0, colon));
  if (address instanceof Fault) return address;
  const ports = readPorts(text.slice(colon + 1));
  return ports instanceof Fault ? ports : { address, ports };
}

function readProtocol(text: string, listen: string): PortForward["protocol"] | Fault {
  if (text === "tcp" || text === "udp" || text === "tcp+udp") return text;
  if (text === "udp+tcp") return "tcp+udp";
  if (text === "") {
    return new Fault("bad-protocol", `${quote(listen)} does not say which protocol`, "add /tcp, /udp or /tcp+udp");
  }
  const fix = "write /tcp, /udp or /tcp+udp; static-nat forwards every protocol";
  return new Fault("bad-protocol", `${quote(text)} is not a protocol with ports`, fix);
}
