import type { Datatype } from "./expression.ts";

/** Protocol numbers (IANA) by the names nft, iptables and getprotobyname(3) use. */
export const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  ipencap: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  "ipv6-icmp": 58,
  icmpv6: 58,
  icmp6: 58,
  ospf: 89,
  pim: 103,
  comp: 108,
  ipcomp: 108,
  vrrp: 112,
  sctp: 132,
  udplite: 136,
};

/** Protocols whose header begins with two ports. */
export const PORT_PROTOCOLS: readonly number[] = [6, 17, 33, 132, 136];

/** Bits of `ct state` (include/uapi/linux/netfilter/nf_conntrack_common.h: NF_CT_STATE_BIT). */
export const CT_STATES = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const;

/** Bits of `ct status` (enum ip_conntrack_status); `snat` and `dnat` are the bits that say a translation is there. */
export const CT_STATUSES: Readonly<Record<string, number>> = {
  expected: 1,
  "seen-reply": 2,
  assured: 4,
  confirmed: 8,
  snat: 16,
  dnat: 32,
  dying: 512,
};

/** Types of addresses (rtnetlink(7): RTN_...). */
export const ADDRESS_TYPES: Readonly<Record<string, number>> = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
  xresolve: 11,
};

/** Bits of TCP's flags. */
export const TCP_FLAGS: Readonly<Record<string, number>> = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
  ecn: 64,
  cwr: 128,
  all: 63,
  none: 0,
};

const ICMP_TYPES: Readonly<Record<string, number>> = {
  "echo-reply": 0,
  "destination-unreachable": 3,
  "source-quench": 4,
  redirect: 5,
  "echo-request": 8,
  "router-advertisement": 9,
  "router-solicitation": 10,
  "time-exceeded": 11,
  "parameter-problem": 12,
  "timestamp-request": 13,
  "timestamp-reply": 14,
  "info-request": 15,
  "info-reply": 16,
  "address-mask-request": 17,
  "address-mask-reply": 18,
};

const ICMPV6_TYPES: Readonly<Record<string, number>> = {
  "destination-unreachable": 1,
  "packet-too-big": 2,
  "time-exceeded": 3,
  "parameter-problem": 4,
  "echo-request": 128,
  "echo-reply": 129,
  "mld-listener-query": 130,
  "mld-listener-report": 131,
  "mld-listener-done": 132,
  "mld-listener-reduction": 132,
  "nd-router-solicit": 133,
  "nd-router-advert": 134,
  "nd-neighbor-solicit": 135,
  "nd-neighbor-advert": 136,
  "nd-redirect": 137,
  "router-renumbering": 138,
  "mld2-listener-report": 143,
};

const ICMP_CODES: Readonly<Record<string, number>> = {
  "net-unreachable": 0,
  "host-unreachable": 1,
  "prot-unreachable": 2,
  "port-unreachable": 3,
  "frag-needed": 4,
  "net-prohibited": 9,
  "host-prohibited": 10,
  "admin-prohibited": 13,
};

const SYMBOLS: Partial<Record<Datatype, Readonly<Record<string, number>>>> = {
  protocol: PROTOCOLS,
  "ct-state": CT_STATES,
  "ct-status": CT_STATUSES,
  "ct-direction": { original: 0, reply: 1 },
  "address-type": ADDRESS_TYPES,
  "icmp-type": ICMP_TYPES,
  "icmpv6-type": ICMPV6_TYPES,
  "icmp-code": ICMP_CODES,
  "tcp-flags": TCP_FLAGS,
  "packet-type": { host: 0, unicast: 0, broadcast: 1, multicast: 2, other: 3 },
  ethertype: { ip: 0x0800, arp: 0x0806, vlan: 0x8100, ip6: 0x86dd },
  family: { ipv4: 2, arp: 3, bridge: 7, ipv6: 10 },
};

/** The number a name or numeral stands for in a field of the type; undefined if it is neither. */
export function symbolNumber(datatype: Datatype, text: string): bigint | undefined {
  if (/^(0x[0-9a-fA-F]+|\d+)$/.test(text)) return BigInt(text);
  const value = SYMBOLS[datatype]?.[text.toLowerCase()];
  return value === undefined ? undefined : BigInt(value);
}

/** Types whose values are sets of flags: several names together are one number. */
export function isFlags(datatype: Datatype): boolean {
  return datatype === "ct-state" || datatype === "ct-status" || datatype === "tcp-flags";
}
