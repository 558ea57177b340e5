import type { Gateway } from "../../config/gateway.ts";

/** Ports on which the services of one side listen, each on all addresses. */
export interface LabServices {
  readonly http: readonly number[];
  readonly tcpEcho: readonly number[];
  readonly udpEcho: readonly number[];
}

/** Ports that are always served: HTTP on 80 and 8080, echo on 7 (RFC 862). */
export const HTTP_PORTS = [80, 8080] as const;
export const ECHO_PORT = 7;

/** A range of a thousand ports would cost a thousand sockets and show no more than its ends. */
const MOST_PORTS_OF_A_FORWARD = 32;

/** The services of both sides: inside also where the file's port forwards lead, HTTP for TCP and echo for UDP. */
export function planServices(gateway: Gateway): Readonly<Record<"inside" | "outside", LabServices>> {
  const http = new Set<number>(HTTP_PORTS);
  const udpEcho = new Set<number>([ECHO_PORT]);
  for (const forward of gateway.portForwards) {
    for (const port of samplePorts(forward.to.ports.first, forward.to.ports.last)) {
      if (forward.protocol !== "udp" && port !== ECHO_PORT) http.add(port);
      if (forward.protocol !== "tcp") udpEcho.add(port);
    }
  }
  return {
    outside: { http: HTTP_PORTS, tcpEcho: [ECHO_PORT], udpEcho: [ECHO_PORT] },
    inside: { http: [...http], tcpEcho: [ECHO_PORT], udpEcho: [...udpEcho] },
  };
}

/** All ports of a small range, else its first ones and its last. */
function samplePorts(first: number, last: number): number[] {
  const end = Math.min(last, first + MOST_PORTS_OF_A_FORWARD - 1);
  const ports: number[] = [];
  for (let port = first; port <= end; port++) ports.push(port);
  if (end < last) ports.push(last);
  return ports;
}
