/** Who begins an exchange. */
export type Side = "inside" | "outside" | "gateway";

/** One exchange through the gateway, what the far side must see of it, and what the kernel must hold of it. */
export interface Exchange {
  readonly what: string;
  readonly by: Side;
  readonly protocol: "tcp" | "udp" | "icmp" | "http";
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  /** Where the packet is captured. */
  readonly far: "inside" | "outside";
  /** The packet there, as tcpdump writes it; group 1 is a port (or ICMP identifier), checked against `ports`. */
  readonly packet: RegExp;
  readonly ports?: readonly [first: number, last: number];
  /** A line of `conntrack -L`. */
  readonly entry: RegExp;
}

/** The block of 128 ports that subscriber `index` has of its own. */
function block(index: number): readonly [number, number] {
  return [1024 + index * 128, 1024 + index * 128 + 127];
}

/** Port blocks and everything beside them. */
export const BLOCKS: readonly Exchange[] = [
  {
    what: "TCP of a subscriber leaves by its own block",
    by: "inside",
    protocol: "tcp",
    from: "10.10.1.7",
    to: "203.0.113.80",
    port: 7,
    far: "outside",
    packet: /61\.138\.177\.3\.(\d+) > 203\.0\.113\.80\.7: Flags \[S\]/,
    ports: block(7),
    entry: /^tcp .* src=10\.10\.1\.7 dst=203\.0\.113\.80 .* src=203\.0\.113\.80 dst=61\.138\.177\.3 .*\[ASSURED\]/,
  },
  {
    what: "UDP of a subscriber leaves by its own block",
    by: "inside",
    protocol: "udp",
    from: "10.10.1.8",
    to: "203.0.113.80",
    port: 7,
    far: "outside",
    // No more of the line: tcpdump takes some ports of the block for protocols of their own, such as 2104 for Zephyr.
    packet: /61\.138\.177\.3\.(\d+) > 203\.0\.113\.80\.7: \[udp sum ok\] /,
    ports: block(8),
    entry: /^udp .* src=10\.10\.1\.8 dst=203\.0\.113\.80 .* src=203\.0\.113\.80 dst=61\.138\.177\.3 /,
  },
  {
    what: "an ICMP identifier comes from the block as well",
    by: "inside",
    protocol: "icmp",
    from: "10.10.1.9",
    to: "203.0.113.80",
    far: "outside",
    packet: /61\.138\.177\.3 > 203\.0\.113\.80: ICMP echo request, id (\d+),/,
    ports: block(9),
    entry: /^icmp .* src=10\.10\.1\.9 dst=203\.0\.113\.80 .* src=203\.0\.113\.80 dst=61\.138\.177\.3 /,
  },
  {
    what: "HTTP through the gateway, whole body",
    by: "inside",
    protocol: "http",
    from: "10.10.1.10",
    to: "203.0.113.81",
    port: 80,
    far: "outside",
    packet: /61\.138\.177\.3\.(\d+) > 203\.0\.113\.81\.80: Flags \[S\]/,
    ports: block(10),
    entry: /^tcp .* src=10\.10\.1\.10 dst=203\.0\.113\.81 /,
  },
  {
    what: "the subscriber whose block has a listening port has the last block of the pool",
    by: "inside",
    protocol: "udp",
    from: "10.10.1.55",
    to: "203.0.113.80",
    port: 7,
    far: "outside",
    packet: /61\.138\.177\.6\.(\d+) > 203\.0\.113\.80\.7: /,
    ports: block(503),
    entry: /^udp .* src=10\.10\.1\.55 .* dst=61\.138\.177\.6 /,
  },
  {
    what: "an excepted source goes by the later rule",
    by: "inside",
    protocol: "tcp",
    from: "10.10.1.200",
    to: "203.0.113.80",
    port: 7,
    far: "outside",
    packet: /61\.138\.177\.20\.(\d+) > 203\.0\.113\.80\.7: Flags \[S\]/,
    entry: /^tcp .* src=10\.10\.1\.200 .* dst=61\.138\.177\.20 /,
  },
  {
    what: "an untranslated destination sees the inside address",
    by: "inside",
    protocol: "tcp",
    from: "10.10.1.7",
    to: "192.0.2.9",
    port: 7,
    far: "outside",
    packet: /10\.10\.1\.7\.(\d+) > 192\.0\.2\.9\.7: Flags \[S\]/,
    entry: /^tcp .* src=10\.10\.1\.7 dst=192\.0\.2\.9 .* src=192\.0\.2\.9 dst=10\.10\.1\.7 /,
  },
  {
    what: "a forward from outside, to another port",
    by: "outside",
    protocol: "http",
    from: "9.9.9.9",
    to: "61.138.177.3",
    port: 8080,
    far: "inside",
    packet: /9\.9\.9\.9\.(\d+) > 10\.10\.0\.2\.80: Flags \[S\]/,
    entry: /^tcp .* src=9\.9\.9\.9 dst=61\.138\.177\.3 .*dport=8080 src=10\.10\.0\.2 dst=9\.9\.9\.9 sport=80 /,
  },
  {
    what: "a forward from the gateway itself",
    by: "gateway",
    protocol: "http",
    from: "10.10.0.1",
    to: "61.138.177.3",
    port: 8080,
    far: "inside",
    packet: /10\.10\.0\.1\.(\d+) > 10\.10\.0\.2\.80: Flags \[S\]/,
    entry: /^tcp .* src=10\.10\.0\.1 dst=61\.138\.177\.3 .*dport=8080 src=10\.10\.0\.2 dst=10\.10\.0\.1 sport=80 /,
  },
  {
    what: "a forward from inside (hairpin): the caller appears with its own public address and block",
    by: "inside",
    protocol: "http",
    from: "10.10.1.12",
    to: "61.138.177.3",
    port: 8080,
    far: "inside",
    packet: /61\.138\.177\.3\.(\d+) > 10\.10\.0\.2\.80: Flags \[S\]/,
    ports: block(12),
    entry: /^tcp .* src=10\.10\.1\.12 dst=61\.138\.177\.3 .*dport=8080 src=10\.10\.0\.2 dst=61\.138\.177\.3 sport=80 /,
  },
  {
    what: "the third port of a shifted range",
    by: "outside",
    protocol: "udp",
    from: "9.9.9.9",
    to: "61.138.177.4",
    port: 20002,
    far: "inside",
    packet: /9\.9\.9\.9\.(\d+) > 10\.10\.0\.7\.30002: /,
    entry: /^udp .* dst=61\.138\.177\.4 .*dport=20002 src=10\.10\.0\.7 dst=9\.9\.9\.9 sport=30002 /,
  },
  {
    what: "the last port of a range that keeps its ports",
    by: "outside",
    protocol: "udp",
    from: "9.9.9.9",
    to: "61.138.177.5",
    port: 21010,
    far: "inside",
    packet: /9\.9\.9\.9\.(\d+) > 10\.10\.0\.8\.21010: /,
    entry: /^udp .* dst=61\.138\.177\.5 .*dport=21010 src=10\.10\.0\.8 dst=9\.9\.9\.9 sport=21010 /,
  },
  {
    what: "a static host outwards keeps its port",
    by: "inside",
    protocol: "tcp",
    from: "10.10.0.4",
    to: "203.0.113.80",
    port: 7,
    far: "outside",
    packet: /61\.138\.177\.10\.(\d+) > 203\.0\.113\.80\.7: Flags \[S\]/,
    entry: /^tcp .* src=10\.10\.0\.4 .* dst=61\.138\.177\.10 /,
  },
  {
    what: "a static host from outside, TCP",
    by: "outside",
    protocol: "tcp",
    from: "9.9.9.9",
    to: "61.138.177.10",
    port: 7,
    far: "inside",
    packet: /9\.9\.9\.9\.(\d+) > 10\.10\.0\.4\.7: Flags \[S\]/,
    entry: /^tcp .* src=9\.9\.9\.9 dst=61\.138\.177\.10 .* src=10\.10\.0\.4 dst=9\.9\.9\.9 /,
  },
  {
    what: "a static host from outside, ping",
    by: "outside",
    protocol: "icmp",
    from: "9.9.9.9",
    to: "61.138.177.10",
    far: "inside",
    packet: /9\.9\.9\.9 > 10\.10\.0\.4: ICMP echo request, id (\d+),/,
    entry: /^icmp .* src=9\.9\.9\.9 dst=61\.138\.177\.10 .* src=10\.10\.0\.4 dst=9\.9\.9\.9 /,
  },
  {
    what: "a static host from inside (hairpin)",
    by: "inside",
    protocol: "udp",
    from: "10.10.1.13",
    to: "61.138.177.10",
    port: 7,
    far: "inside",
    packet: /61\.138\.177\.3\.(\d+) > 10\.10\.0\.4\.7: /,
    ports: block(13),
    entry: /^udp .* src=10\.10\.1\.13 dst=61\.138\.177\.10 .* src=10\.10\.0\.4 dst=61\.138\.177\.3 /,
  },
];

/** One address for each subscriber, out of the pool's ports. */
export const SHARED: readonly Exchange[] = [
  {
    what: "TCP out of the shared ports",
    by: "inside",
    protocol: "tcp",
    from: "192.168.0.5",
    to: "203.0.113.80",
    port: 7,
    far: "outside",
    packet: /198\.51\.100\.(?:8|9|10|11)\.(\d+) > 203\.0\.113\.80\.7: Flags \[S\]/,
    ports: [20000, 40000],
    entry: /^tcp .* src=192\.168\.0\.5 .* dst=198\.51\.100\.(8|9|10|11) /,
  },
  {
    what: "ICMP out of the shared identifiers",
    by: "inside",
    protocol: "icmp",
    from: "192.168.0.6",
    to: "203.0.113.80",
    far: "outside",
    packet: /198\.51\.100\.(?:8|9|10|11) > 203\.0\.113\.80: ICMP echo request, id (\d+),/,
    ports: [20000, 40000],
    entry: /^icmp .* src=192\.168\.0\.6 .* dst=198\.51\.100\.(8|9|10|11) /,
  },
  {
    what: "a forward by hairpin",
    by: "inside",
    protocol: "http",
    from: "192.168.0.7",
    to: "198.51.100.8",
    port: 443,
    far: "inside",
    packet: /198\.51\.100\.(?:8|9|10|11)\.(\d+) > 192\.168\.0\.80\.80: Flags \[S\]/,
    ports: [20000, 40000],
    entry: /^tcp .* src=192\.168\.0\.7 dst=198\.51\.100\.8 .*dport=443 src=192\.168\.0\.80 /,
  },
];

/** The link's own address. */
export const MASQUERADED: readonly Exchange[] = [
  {
    what: "TCP by the link's address",
    by: "inside",
    protocol: "tcp",
    from: "192.168.0.5",
    to: "203.0.113.80",
    port: 7,
    far: "outside",
    packet: /198\.51\.100\.2\.(\d+) > 203\.0\.113\.80\.7: Flags \[S\]/,
    entry: /^tcp .* src=192\.168\.0\.5 .* dst=198\.51\.100\.2 /,
  },
  {
    what: "UDP by the link's address",
    by: "inside",
    protocol: "udp",
    from: "192.168.0.5",
    to: "203.0.113.80",
    port: 7,
    far: "outside",
    packet: /198\.51\.100\.2\.(\d+) > 203\.0\.113\.80\.7: /,
    entry: /^udp .* src=192\.168\.0\.5 .* dst=198\.51\.100\.2 /,
  },
  {
    what: "ping by the link's address",
    by: "inside",
    protocol: "icmp",
    from: "192.168.0.5",
    to: "203.0.113.80",
    far: "outside",
    packet: /198\.51\.100\.2 > 203\.0\.113\.80: ICMP echo request, id (\d+),/,
    entry: /^icmp .* src=192\.168\.0\.5 .* dst=198\.51\.100\.2 /,
  },
  {
    what: "a forward from outside",
    by: "outside",
    protocol: "http",
    from: "9.9.9.9",
    to: "198.51.100.2",
    port: 8080,
    far: "inside",
    packet: /9\.9\.9\.9\.(\d+) > 192\.168\.0\.80\.80: Flags \[S\]/,
    entry: /^tcp .* src=9\.9\.9\.9 dst=198\.51\.100\.2 .*dport=8080 src=192\.168\.0\.80 /,
  },
  {
    what: "a forward by hairpin",
    by: "inside",
    protocol: "http",
    from: "192.168.0.7",
    to: "198.51.100.2",
    port: 8080,
    far: "inside",
    packet: /(?:198\.51\.100\.2|192\.168\.0\.1)\.(\d+) > 192\.168\.0\.80\.80: Flags \[S\]/,
    entry: /^tcp .* src=192\.168\.0\.7 dst=198\.51\.100\.2 .*dport=8080 src=192\.168\.0\.80 /,
  },
];

/** Both addresses change, in both directions of initiation, for hosts of the same address as well. */
export const TWICE: readonly Exchange[] = [
  {
    what: "TCP from inside",
    by: "inside",
    protocol: "tcp",
    from: "192.168.1.10",
    to: "10.2.2.20",
    port: 7,
    far: "outside",
    packet: /10\.1\.1\.10\.(\d+) > 192\.168\.1\.20\.7: Flags \[S\]/,
    entry: /^tcp .* src=192\.168\.1\.10 dst=10\.2\.2\.20 .* src=192\.168\.1\.20 dst=10\.1\.1\.10 /,
  },
  {
    what: "ping between two hosts of one address",
    by: "inside",
    protocol: "icmp",
    from: "192.168.1.10",
    to: "10.2.2.10",
    far: "outside",
    packet: /10\.1\.1\.10 > 192\.168\.1\.10: ICMP echo request, id (\d+),/,
    entry: /^icmp .* src=192\.168\.1\.10 dst=10\.2\.2\.10 .* src=192\.168\.1\.10 dst=10\.1\.1\.10 /,
  },
  {
    what: "UDP from outside",
    by: "outside",
    protocol: "udp",
    from: "192.168.1.20",
    to: "10.1.1.10",
    port: 7,
    far: "inside",
    packet: /10\.2\.2\.20\.(\d+) > 192\.168\.1\.10\.7: /,
    entry: /^udp .* src=192\.168\.1\.20 dst=10\.1\.1\.10 .* src=192\.168\.1\.10 dst=10\.2\.2\.20 /,
  },
];
