/** What a counter means, for people. */
export interface CounterWords {
  readonly words: string;
  /** `loss`: each one is a packet lost or a connection refused; `sign`: a hint; `size`: how much is going on. */
  readonly tells: "loss" | "sign" | "size";
  /** Counted for the whole host, all namespaces together. */
  readonly host?: true;
}

function loss(words: string): CounterWords {
  return { words, tells: "loss" };
}

function sign(words: string): CounterWords {
  return { words, tells: "sign" };
}

function size(words: string): CounterWords {
  return { words, tells: "size" };
}

function host(words: CounterWords): CounterWords {
  return { ...words, host: true };
}

/** Every counter with a fixed name. Protocol counters that are not here are not read. */
export const COUNTER_WORDS: Readonly<Record<string, CounterWords>> = {
  "conntrack.count": size("connections in the table"),
  "conntrack.max": size("connections it may hold"),
  "conntrack.buckets": host(size("buckets of its hash, for all namespaces")),
  "conntrack.meanChain": sign("entries in a bucket on average, by this namespace's connections alone; above 8 is slow"),
  "conntrack.found": size("look-ups while translating that met a used tuple"),
  "conntrack.searched": size("look-ups"),
  "conntrack.invalid": sign("packets that fit no connection; they go on untranslated unless a rule drops them"),
  "conntrack.insert": size("connections put in by hand"),
  "conntrack.insertFailed": loss("connections not kept: another had the same tuple, or no port was free"),
  "conntrack.drop": loss("packets dropped: table full, no memory, no free port, or a tracker refused them"),
  "conntrack.earlyDrop": sign("connections thrown out to make room in a full table"),
  "conntrack.error": sign("broken packets, ICMP errors for the most part"),
  "conntrack.searchRestart": sign("look-ups begun again because the hash changed under them"),
  "conntrack.clashResolve": sign("races of two packets of one connection, solved without loss"),
  "conntrack.chainTooLong": loss("connections refused because their bucket was too long"),
  "conntrack.deleteList": size("connections on their way out"),
  "expectation.count": size("connections that helpers (FTP, SIP) expect"),
  "expectation.max": size("that may be expected at once"),
  "expectation.new": size("expected connections that came"),
  "expectation.create": size("expectations made"),
  "expectation.delete": size("expectations gone"),
  "Ip.Forwarding": size("1: forwards packets, 2: does not"),
  "Ip.InReceives": size("IPv4 packets received"),
  "Ip.ForwDatagrams": size("forwarded"),
  "Ip.InHdrErrors": loss("dropped: header broken, or time to live used up"),
  "Ip.InAddrErrors": loss("dropped: an address that is no destination here; also while forwarding is off"),
  "Ip.InUnknownProtos": loss("dropped: for this host, by a protocol it does not know"),
  "Ip.InDiscards": loss("dropped on the way in: no memory"),
  "Ip.OutDiscards": loss("dropped on the way out: no memory, or no neighbour"),
  "Ip.OutNoRoutes": loss("dropped: no route out"),
  "Ip.ReasmReqds": size("fragments received to be put together"),
  "Ip.ReasmTimeout": sign("packets given up for missing fragments"),
  "Ip.ReasmFails": loss("packets that could not be put together"),
  "Ip.FragFails": loss("packets too big for the way out that may not be cut: is path MTU discovery blocked?"),
  "Ip.FragCreates": size("fragments made"),
  "IpExt.InNoRoutes": loss("dropped: no route for a packet that came in"),
  "IpExt.InTruncatedPkts": loss("dropped: shorter than their header says"),
  "IpExt.InCsumErrors": loss("dropped: IPv4 header checksum wrong"),
  "IpExt.ReasmOverlaps": loss("fragments dropped because they overlap"),
  "TcpExt.IPReversePathFilter": loss("dropped by rp_filter: answers to the sender would leave by another interface"),
  "TcpExt.ArpFilter": sign("ARP requests not answered because of arp_filter"),
  "TcpExt.ListenOverflows": loss("connections to this host refused: the program accepts too slowly"),
  "TcpExt.ListenDrops": loss("connections to this host dropped before they were accepted"),
  "TcpExt.TCPBacklogDrop": loss("packets to this host's sockets dropped: the program is too slow"),
  "TcpExt.TCPTimeWaitOverflow": sign("closed connections of this host forgotten early"),
  "TcpExt.TCPMinTTLDrop": loss("dropped: time to live below what a socket of this host asks for"),
  "TcpExt.PFMemallocDrop": loss("dropped: the host is short of memory"),
  "TcpExt.TCPSynRetrans": sign("connection attempts of this host that had to be repeated"),
  "Tcp.RetransSegs": sign("TCP segments of this host sent again"),
  "Tcp.InCsumErrors": loss("TCP segments for this host with a wrong checksum"),
  "Tcp.AttemptFails": sign("TCP connections of this host that failed at their start"),
  "Udp.NoPorts": loss("UDP packets for a port of this host where nobody listens"),
  "Udp.InErrors": loss("UDP packets for this host that could not be delivered"),
  "Udp.RcvbufErrors": loss("UDP packets for this host lost because a program is too slow"),
  "Udp.InCsumErrors": loss("UDP packets for this host with a wrong checksum"),
  "Icmp.InErrors": sign("broken ICMP messages received"),
  "Icmp.InCsumErrors": loss("ICMP messages with a wrong checksum"),
  "Icmp.InDestUnreachs": sign("destination unreachable messages received"),
  "Icmp.OutDestUnreachs": sign("destination unreachable messages sent"),
  "Icmp.InTimeExcds": sign("time exceeded messages received"),
  "Icmp.OutTimeExcds": sign("time exceeded messages sent"),
  "Icmp.OutRateLimitGlobal": sign("ICMP errors not sent: the host's rate limit (net.ipv4.icmp_msgs_per_sec)"),
  "Icmp.OutRateLimitHost": sign("ICMP errors not sent: the rate limit of one destination (net.ipv4.icmp_ratelimit)"),
  "route.in_no_route": host(loss("packets that came in without a route")),
  "route.in_martian_src": host(loss("packets dropped for an impossible source (martians)")),
  "route.in_martian_dst": host(loss("packets dropped for an impossible destination (martians)")),
  "softnet.processed": host(size("packets and batches handled")),
  "softnet.dropped": host(loss("packets lost because a CPU's queue was full (net.core.netdev_max_backlog)")),
  "softnet.timeSqueeze": host(sign("rounds cut short with packets waiting (net.core.netdev_budget)")),
  "softnet.receivedRps": host(size("wake-ups by another CPU that steers packets")),
  "softnet.flowLimit": host(loss("packets lost because one flow filled the queue")),
  "softnet.backlog": host(size("packets waiting now")),
  "cpu.softirqMs": host(size("milliseconds spent on taking packets in, and on other deferred work")),
  "cpu.busyMs": host(size("milliseconds spent on anything")),
  "fragment.packets": size("packets waiting for fragments"),
  "fragment.bytes": size("bytes they take"),
  "fragment.maxBytes": size("bytes they may take (net.ipv4.ipfrag_high_thresh)"),
};

/** The same for the last part of names that begin with an interface, a queue, a table or a rule. */
const LAST_PART: Readonly<Record<string, Readonly<Record<string, CounterWords>>>> = {
  interface: {
    rxPackets: size("packets received"),
    txPackets: size("packets sent"),
    rxBytes: size("bytes received"),
    txBytes: size("bytes sent"),
    rxErrors: loss("broken packets received"),
    txErrors: loss("packets that could not be sent"),
    rxDropped: loss("received packets the host dropped: no memory, or nobody wanted them"),
    txDropped: loss("packets dropped on the way out"),
    multicast: size("multicast packets received"),
    rxMissedErrors: loss("packets the card lost: no room in its ring (ethtool -G)"),
    rxFifoErrors: loss("packets the card lost: its own memory was full"),
    rxNoHandler: sign("packets of a kind that nobody here takes"),
    rxOtherHostDropped: sign("packets for another machine's MAC address"),
  },
  queue: {
    packets: size("packets sent"),
    bytes: size("bytes sent"),
    drops: loss("packets the queue dropped"),
    overlimits: sign("times the queue had to wait for its rate"),
    requeues: sign("packets put back because the card was busy"),
    length: size("packets waiting"),
    backlogBytes: size("bytes waiting"),
  },
  neighbour: {
    entries: host(size("neighbours known, of all namespaces together")),
    max: host(size("that may be known (gc_thresh3)")),
    resolveFailed: host(sign("addresses that did not answer")),
    forcedGcRuns: host(sign("times the table was swept in a hurry")),
    tableFulls: host(loss("neighbours refused because the table was full")),
    unresolvedDiscards: host(loss("packets dropped while their neighbour did not answer")),
  },
};

/** What listeners and drivers count, by the end of the name. */
const BY_END: readonly (readonly [group: string, end: RegExp, words: CounterWords])[] = [
  ["listener", /\.drops$/, loss("events of connection tracking lost: their program reads too slowly")],
  ["listener", /\.queuedBytes$/, size("bytes of events waiting for their program")],
  [
    "driver",
    /conntrack_allowance_exceeded$/,
    loss("packets dropped: the cloud tracks no more connections of this machine"),
  ],
  ["driver", /pps_allowance_exceeded$/, loss("packets held up or dropped: over the machine's packets a second")],
  ["driver", /bw_\w+_allowance_exceeded$/, loss("packets held up or dropped: over the machine's bandwidth")],
  ["driver", /linklocal_allowance_exceeded$/, loss("packets to DNS, time or metadata dropped: over 1024 a second")],
  ["driver", /allowance_available$/, size("connections that the cloud would still track")],
  ["driver", /./, loss("packets the card had no room for")],
];

const RULE: Readonly<Record<string, CounterWords>> = { packets: size("packets"), bytes: size("bytes") };

/** What the counter of a snapshot means; undefined for a detail that has no words of its own. */
export function wordsOf(name: string): CounterWords | undefined {
  const known = COUNTER_WORDS[name];
  if (known !== undefined) return known;
  const group = name.slice(0, name.indexOf("."));
  const last = name.slice(name.lastIndexOf(".") + 1);
  const byEnd = BY_END.find(([of, end]) => of === group && end.test(name));
  if (byEnd !== undefined) return byEnd[2];
  const found = (LAST_PART[group] ?? RULE)[last];
  if (found !== undefined || group !== "interface") return found;
  return last.endsWith("Errors") ? sign("a kind of the errors above") : size("packets");
}
