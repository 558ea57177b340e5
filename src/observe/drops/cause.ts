/** Why packets die, as far as what an administrator does about it differs. */
export type CauseId =
  | "table-full"
  | "port-exhaustion"
  | "chain-too-long"
  | "rule"
  | "hook"
  | "netfilter"
  | "no-route"
  | "not-forwarding"
  | "rp-filter"
  | "martian"
  | "checksum"
  | "malformed"
  | "ttl"
  | "neighbour"
  | "no-socket"
  | "socket-full"
  | "socket"
  | "tcp"
  | "too-big"
  | "fragment"
  | "backlog"
  | "queue"
  | "device"
  | "program"
  | "security"
  | "not-for-us"
  | "no-memory"
  | "other";

/** A cause in words, and how to make sure of it. */
export interface Cause {
  readonly title: string;
  /** What it means, in a sentence. */
  readonly meaning: string;
  /** Counters of /proc/net/snmp and netstat that go up with it, most telling first. */
  readonly counters: readonly string[];
  /** Where else to look. */
  readonly see?: string;
}

/** Every cause. The reasons and functions that lead to it are in classify.ts. */
export const CAUSES: Readonly<Record<CauseId, Cause>> = {
  "table-full": {
    title: "connection table full",
    meaning: "a new connection found no room in the table: nf_conntrack_max is reached",
    counters: ["conntrack.drop"],
    see: "`meganat status` for the table's use; dmesg says `nf_conntrack: table full`",
  },
  "port-exhaustion": {
    title: "no free port, or a clash",
    meaning:
      "two connections would have had the same translation: the ports of a public address towards this destination are used up, or two packets of one new connection raced",
    counters: ["conntrack.insertFailed"],
    see: "`meganat status` for the ports in use of each public address",
  },
  "chain-too-long": {
    title: "hash chain too long",
    meaning: "too many connections fell into one bucket of the table: it has too few buckets, or somebody attacks it",
    counters: ["conntrack.chainTooLong"],
  },
  rule: {
    title: "firewall rule or policy",
    meaning: "a rule of nftables (or iptables-nft) dropped it, or the policy of a chain",
    counters: [],
    see: "`nft list ruleset` for the rules' counters; `nft monitor trace` names the rule",
  },
  hook: {
    title: "netfilter, not by an nft rule",
    meaning:
      "something on a netfilter hook dropped it that counts nothing: an iptables-legacy rule, IPVS, a bridge or another module",
    counters: [],
    see: "`iptables-legacy-save -c`",
  },
  netfilter: {
    title: "netfilter: table full, ports used up, or a module",
    meaning: "which of them cannot be told: the counters of its namespace may not be read, or functions have no names",
    counters: [],
    see: "the namespace's own `conntrack -S`",
  },
  "no-route": {
    title: "no route",
    meaning: "no route leads to the destination, or one that says unreachable or prohibit",
    counters: ["Ip.InNoRoutes", "IpExt.InNoRoutes", "Ip.OutNoRoutes"],
    see: "`ip route get ADDRESS`",
  },
  "not-forwarding": {
    title: "forwarding is off",
    meaning:
      "the packet was for somebody else, and this interface does not forward (ip_forward, or conf.IF.forwarding)",
    counters: ["Ip.InAddrErrors"],
  },
  "rp-filter": {
    title: "reverse path filter",
    meaning: "the way back to the source leads through another interface (rp_filter)",
    counters: ["TcpExt.IPReversePathFilter"],
  },
  martian: {
    title: "martian address",
    meaning: "source or destination is an address that cannot come from there: loopback, our own, zero or multicast",
    counters: ["Ip.InAddrErrors"],
    see: "sysctl log_martians writes them to the kernel's log",
  },
  checksum: {
    title: "wrong checksum",
    meaning: "the packet was damaged, or a driver left its checksum unfinished",
    counters: ["IpExt.InCsumErrors", "Udp.InCsumErrors", "Tcp.InCsumErrors", "Icmp.InCsumErrors"],
    see: "`ethtool -K IF tx off` on the sender, if packets only look damaged",
  },
  malformed: {
    title: "malformed packet",
    meaning: "a header is too short, contradicts itself or is of an unknown protocol",
    counters: ["Ip.InHdrErrors", "Ip.InTruncatedPkts", "Ip.InUnknownProtos"],
  },
  ttl: {
    title: "time to live over",
    meaning: "the packet has passed too many routers: traceroute, or a routing loop",
    counters: ["Ip.InHdrErrors", "Icmp.OutTimeExcds"],
  },
  neighbour: {
    title: "neighbour does not answer",
    meaning: "nobody answered ARP or neighbour discovery for the next hop, or too many packets waited for it",
    counters: ["Icmp.OutDestUnreachs"],
    see: "`ip neigh`; `unresolved_discards` and `table_fulls` in /proc/net/stat/arp_cache",
  },
  "no-socket": {
    title: "nobody listens",
    meaning: "the packet was for this machine, and no program has the port open",
    counters: ["Udp.NoPorts", "Tcp.OutRsts"],
    see: "`ss -lntu`",
  },
  "socket-full": {
    title: "a program reads too slowly",
    meaning: "the receive buffer or the listen queue of a socket was full",
    counters: [
      "Udp.RcvbufErrors",
      "TcpExt.ListenOverflows",
      "TcpExt.TCPBacklogDrop",
      "TcpExt.TCPRcvQDrop",
      "TcpExt.TCPReqQFullDrop",
    ],
    see: "`ss -nmu`, `ss -lnt`",
  },
  socket: {
    title: "socket",
    meaning: "a socket of this machine did not want it: a filter, or it was being closed",
    counters: [],
  },
  tcp: {
    title: "TCP",
    meaning: "a connection of this machine itself did not want it: old, out of its window, or after its end",
    counters: [],
  },
  "too-big": {
    title: "too big",
    meaning: "the packet is larger than the next link's MTU and may not be cut into fragments",
    counters: ["Ip.FragFails"],
    see: "does the ICMP message arrive at the sender? else clamp the MSS",
  },
  fragment: {
    title: "fragments incomplete",
    meaning: "fragments came twice, too late or without the rest",
    counters: ["Ip.ReasmFails", "Ip.ReasmTimeout"],
  },
  backlog: {
    title: "a CPU's queue full",
    meaning: "packets arrived faster than a CPU took them",
    counters: [],
    see: "second column of /proc/net/softnet_stat; netdev_max_backlog, RPS",
  },
  queue: {
    title: "queue of an interface",
    meaning: "the queue in front of an interface was full, or shapes the traffic",
    counters: [],
    see: "`tc -s qdisc`",
  },
  device: {
    title: "interface",
    meaning: "the driver could not send it: the interface is down, its ring is full, or the header did not fit",
    counters: [],
    see: "`ip -s link`",
  },
  program: {
    title: "eBPF or tc",
    meaning: "an eBPF program or a tc filter dropped it",
    counters: [],
    see: "`bpftool net`, `tc filter`",
  },
  security: { title: "security policy", meaning: "IPsec or a security module refused it", counters: [] },
  "not-for-us": {
    title: "for another machine",
    meaning: "its MAC address or multicast group is not ours: normal on a bridge or a mirrored port",
    counters: [],
  },
  "no-memory": { title: "no memory", meaning: "the kernel had no memory for it", counters: [] },
  other: { title: "other", meaning: "the reason and the function say all there is", counters: [] },
};
