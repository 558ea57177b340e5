import { ordersPackets } from "./queue-kinds.ts";

/** What is to be known of an interface before packets take a fast path through it. JSON as it is. */
export interface DeviceFacts {
  readonly name: string;
  readonly index: number;
  /** `veth`, `bond`, `vlan`, `bridge`, ...; undefined for hardware. */
  readonly kind?: string;
  readonly driver?: string;
  readonly ethernet: boolean;
  readonly loopback: boolean;
  /** Bytes. */
  readonly mtu: number;
  /** The bridge, bond or VRF it is a port of. */
  readonly master?: string;
  /** What its driver can do with XDP; undefined: the kernel does not tell (before 6.3). */
  readonly xdp?: { readonly runs: boolean; readonly redirects: boolean; readonly transmits: boolean };
  /** An XDP program is on it. */
  readonly hasXdp: boolean;
  /** Packets come merged (GRO) or leave to be cut (TSO). */
  readonly largePackets: boolean;
  /** Kinds of its queues: `mq`, `fq_codel`, `htb`, ... */
  readonly queues: readonly string[];
  /** Filters of other programs before the network stack, and behind it. */
  readonly ingressFilters: boolean;
  readonly egressFilters: boolean;
}

/** What is to be known of a host and the interfaces between which it forwards. */
export interface ForwardingFacts {
  readonly devices: readonly DeviceFacts[];
  readonly ipsecPolicies: number;
  /** The kernel loads the eBPF programs. */
  readonly ebpf: boolean;
  /** The kernel has nf_flowtable. */
  readonly flowtable: boolean;
}

/** The interfaces that may choose among queues by a packet's mark or priority. */
export function readersOfMarks(devices: readonly DeviceFacts[]): string[] {
  return devices
    .filter(({ queues, egressFilters }) => egressFilters || queues.some(ordersPackets))
    .map(({ name }) => name);
}
