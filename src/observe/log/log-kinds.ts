/** A kind of message about NAT, and what it tells. */
export interface LogKind {
  /** Stable, for programs. */
  readonly id: string;
  readonly pattern: RegExp;
  readonly tells: "loss" | "sign";
  readonly words: string;
  readonly remedy: string;
}

/**
 * Messages that say something of NAT; the first that fits counts. A named group `of` tells apart what is counted
 * separately; `more`: how many further messages one stands for.
 */
export const LOG_KINDS: readonly LogKind[] = [
  {
    id: "table-full",
    pattern: /nf_conntrack: table full(?: in netns (?<of>\d+))?, dropping packet/,
    tells: "loss",
    words: "The connection table was full: packets of new connections were dropped.",
    remedy:
      "raise net.netfilter.nf_conntrack_max and nf_conntrack_buckets with it (`meganat plan` says how far), or shorten the timeouts",
  },
  {
    id: "expectation-table-full",
    pattern: /nf_conntrack: expectation table full/,
    tells: "loss",
    words: "A helper (FTP, SIP, ...) could expect no further connection: such calls or transfers failed.",
    remedy: "raise net.netfilter.nf_conntrack_expect_max",
  },
  {
    id: "neighbour-overflow",
    pattern: /neighbou?r: (?<of>\w+): neighbor table overflow|(?<!\w)(?<of2>Neighbour) table overflow/i,
    tells: "loss",
    words: "The neighbour table, one for the whole host, was full: packets to further hosts on its links were dropped.",
    remedy: "raise net.ipv4.neigh.default.gc_thresh1 to 3 (or net.ipv6...) in the host's first namespace",
  },
  {
    id: "martian-source",
    pattern: /IPv4: martian source \S+ from (?<of>\S+), on dev|martian source \S+ from (?<of2>\S+), on dev/,
    tells: "loss",
    words: "Packets came in by an interface where their source cannot be, and were dropped.",
    remedy: "look for a wrong route or address plan, or a forged source; rp_filter=2 allows asymmetric paths",
  },
  {
    id: "martian-destination",
    pattern: /martian destination (?<of>\S+) from \S+/,
    tells: "loss",
    words: "Packets came in for a destination that cannot be reached from there, and were dropped.",
    remedy: "look at the sender's routes, and at net.ipv4.conf.*.route_localnet for 127.0.0.0/8",
  },
  {
    id: "messages-suppressed",
    pattern: /(?<of>\S+): (?<more>\d+) callbacks suppressed/,
    tells: "sign",
    words: "Messages were left out of the log because there were too many: the counts here are the least there were.",
    remedy: "`meganat stats` has the true counts; put a limit on rules that log",
  },
  {
    id: "out-of-window",
    pattern: /nf_ct_proto_(?<of>\d+): /,
    tells: "sign",
    words: "Connection tracking found packets invalid (net.netfilter.nf_conntrack_log_invalid is on).",
    remedy:
      "asymmetric paths or a fast path beside the tracker: nf_conntrack_tcp_be_liberal=1; else drop `ct state invalid`",
  },
  {
    id: "helper-off",
    pattern: /nf_conntrack: default automatic helper assignment has been turned off/,
    tells: "sign",
    words: "Helpers (FTP, SIP, ...) are no longer assigned by port: such connections may fail.",
    remedy: "assign them by rule: `ct helper set` in nft, or -j CT --helper in iptables",
  },
  {
    id: "helper-drop",
    pattern: /nf_ct_(?<of>[a-z0-9_]+): (?:dropping packet|.*dropp)/,
    tells: "loss",
    words: "A helper dropped packets that it could not translate or had no memory for.",
    remedy: "see its words; without need of the protocol, take the helper away",
  },
  {
    id: "port-range-parity",
    pattern: /ip_local_port_range: prefer different parity/,
    tells: "sign",
    words: "net.ipv4.ip_local_port_range begins and ends with the same parity: half of its ports are little used.",
    remedy: "let it begin with an even and end with an odd number; forwarded connections do not use this range",
  },
  {
    id: "queue-full",
    pattern: /nf_queue: full at \d+ entries, dropping packet/,
    tells: "loss",
    words: "A program that decides on packets (NFQUEUE) was too slow: packets were dropped.",
    remedy: "use the queue's bypass flag, several queues, or a longer one",
  },
  {
    id: "syn-flood",
    pattern: /Possible SYN flooding on port (?<of>\S+?)\.? /,
    tells: "sign",
    words: "This host got more connection attempts on a port than it answered.",
    remedy: "an attack, or a program that accepts too slowly; for forwarded connections see synproxy in nft",
  },
  {
    id: "tcp-memory",
    pattern: /TCP: (?:out of memory|too many orphaned sockets|time wait bucket table overflow)/,
    tells: "sign",
    words: "This host's own TCP ran short of memory or room.",
    remedy: "raise net.ipv4.tcp_mem, tcp_max_orphans or tcp_max_tw_buckets",
  },
  {
    id: "transmit-timeout",
    pattern: /NETDEV WATCHDOG: (?<of>\S+)|(?<of2>\S+): transmit queue \d+ timed out/,
    tells: "loss",
    words: "A network card stopped sending and had to be reset.",
    remedy: "update its driver or firmware; try another interrupt moderation (ethtool -C)",
  },
  {
    id: "checksum-failure",
    pattern: /(?<of>\S+): hw csum failure|(?:UDP|TCP): bad checksum/,
    tells: "sign",
    words: "Packets had a wrong checksum, or a card said so wrongly.",
    remedy: "turn the card's checksum offload off and see whether it stops: ethtool -K IF rx off",
  },
  {
    id: "bridge-netfilter",
    pattern: /bridge: filtering via arp\/ip\/ip6tables is no longer available by default/,
    tells: "sign",
    words: "Bridged packets do not pass the firewall unless br_netfilter is loaded.",
    remedy: "nothing to do, unless rules are meant to act on bridged packets",
  },
  {
    id: "rule-log",
    pattern: /IN=\S* OUT=\S* .*\bSRC=\S+ DST=\S+/,
    tells: "sign",
    words: "A rule of the firewall logs packets.",
    remedy: "put a limit on it (`limit rate` in nft, -m limit in iptables): under load logging costs more than routing",
  },
];

/** What a message says of NAT. */
export interface LogMatch {
  readonly kind: LogKind;
  /** What it is about, where messages of a kind are told apart; empty otherwise. */
  readonly of: string;
  /** How many messages it stands for. */
  readonly count: number;
}

/** Says what a message of the kernel tells of NAT; undefined: nothing. */
export function classify(text: string): LogMatch | undefined {
  for (const kind of LOG_KINDS) {
    const match = kind.pattern.exec(text);
    if (match === null) continue;
    const { of, of2, more } = match.groups ?? {};
    return { kind, of: of ?? of2 ?? "", count: more === undefined ? 1 : Number(more) };
  }
  return undefined;
}
