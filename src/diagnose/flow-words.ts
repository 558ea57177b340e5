import type { FlowSignal, FlowTuple } from "./signals/table.ts";

const PROTOCOLS: Readonly<Record<number, string>> = {
  1: "icmp",
  6: "tcp",
  17: "udp",
  33: "dccp",
  47: "gre",
  132: "sctp",
  136: "udplite",
};

/** The name of a protocol, else its number. */
export function protocolWord(protocol: number): string {
  return PROTOCOLS[protocol] ?? String(protocol);
}

/** `10.0.0.1:40000 > 9.9.9.9:443`; of ICMP the addresses alone. */
export function tupleWords(protocol: number, tuple: FlowTuple): string {
  const { source, sourcePort, destination, destinationPort } = tuple;
  if (protocol === 1) return `${source} > ${destination}`;
  return `${source}:${sourcePort} > ${destination}:${destinationPort}`;
}

/** One line: protocol, state, both directions. */
export function flowWords({ protocol, state, original, reply }: FlowSignal): string {
  const words = `${protocolWord(protocol)}${state === undefined ? "" : ` ${state}`} ${tupleWords(protocol, original)}`;
  return `${words}, answers ${tupleWords(protocol, reply)}`;
}
