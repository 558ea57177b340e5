/** Every code a problem of a gateway file can have, with one line of explanation; stable, for scripts and the documentation. */
export const PROBLEM_CODES = {
  // The file as bytes and as YAML.
  "file-empty": "The file has nothing in it, or nothing but comments.",
  "file-too-large":
    "The file is over the size limit; large networks are written as ranges and prefixes, not one by one.",
  "file-binary": "The file holds control characters or is not UTF-8 text: it is no gateway file.",
  "yaml-syntax": "The file is not well-formed YAML.",
  "yaml-tab": "A line is indented with a tab; YAML allows only spaces there.",
  "yaml-documents": "The file holds more than one YAML document.",
  "yaml-too-deep": "Lists or maps are nested far deeper than any gateway file needs.",
  "yaml-alias": "An alias names no anchor, or the aliases expand to far more than they are written with.",
  "yaml-tag": "A value carries a YAML tag such as !foo; a gateway file has none.",

  // Keys and values one by one.
  "duplicate-key": "The same key (or the same name of a link or pool) stands twice in one map.",
  "unknown-key": "The key means nothing at this place.",
  "missing-key": "A key that must be there is not.",
  "missing-value": "A key is there, but nothing is written after it.",
  "wrong-type": "A list, a map or a single value stands where another of the three must be.",
  "bad-version": "The version of the file format is not one this program reads.",
  "bad-choice": "The value is none of the words allowed here.",
  "bad-name": "A name has characters it must not have, or is too long or reserved.",
  "bad-interface": "The text cannot be the name of a network interface.",
  "bad-address": "The text is no IPv4 address, prefix or range.",
  "leading-zero": "A number has leading zeros; some programs read it as octal, others as decimal.",
  "ipv6-address": "An IPv6 address stands where only IPv4 can be.",
  "host-bits": "A prefix names a network, but bits of the host part are set.",
  "reversed-range": "The end of a range is before its beginning.",
  "range-crosses-network": "A range of interface addresses reaches beyond the network of its first address.",
  "range-too-large": "A range gives an interface more addresses than it should have one by one.",
  "bad-port": "The text is no port or range of ports between 1 and 65535.",
  "bad-protocol": "The protocol of a port forward is missing or none of tcp, udp, tcp+udp.",
  "bad-number": "The text is no whole number, or the number is out of bounds.",
  "bad-duration": "The text is no length of time, or one the kernel cannot count.",
  "bad-rate": "The text is no rate such as 10gbit.",
  "special-address": "The address is loopback, multicast or reserved; no gateway can use it here.",

  // Names that refer to each other.
  "duplicate-name": "Two entries of one list have the same name.",
  "unknown-link": "The name is not one of `links`.",
  "unknown-pool": "The name is not one of `pools`.",
  "out-missing": "The file does not say by which link the packets leave, and no single link has a gateway.",

  // Links.
  "duplicate-interface": "Two links are the same network interface.",
  "duplicate-address": "Two links (or one, twice) have the same address.",
  "address-is-network": "The address is the network or broadcast address of a link's prefix; no host can have it.",
  "gateway-unreachable": "The next hop is in no prefix of its link, or is the gateway itself.",

  "bond-contradiction": "The options of a bond do not go together, or a member stands there twice.",
  "bond-and-vlan": "A link is a bond and a VLAN at the same time.",
  "member-is-link": "An interface is a member of a bond and at the same time a link, or a member of another bond.",
  "vlan-on-itself": "VLANs lie on each other in a circle, or two links are the same VLAN of an interface.",
  "duplicate-route": "Two static routes lead to the same network with the same metric.",
  "route-is-default": "A static route is the default route, which is written as the link's gateway.",

  // Public addresses.
  "ranges-overlap": "Two ranges of one list share addresses.",
  "pools-overlap": "Two pools, static translations or source addresses share public addresses.",
  "pool-overlaps-inside": "Public addresses lie inside the network of an inside link.",
  "pool-overlaps-source": "Public addresses are at the same time addresses to be translated.",
  "pool-takes-gateway": "Public addresses include the next hop of a link, or an address of the gateway it must keep.",
  "pool-on-two-links": "Rules that leave by different links use one pool whose addresses belong on one link.",
  "pool-unused":
    "No rule translates to the pool and no single link has a gateway: it is unknown on which link its addresses belong.",
  "pool-shared-with-blocks":
    "A pool dealt out in port blocks is used by a second rule: two subscribers would share a block.",
  "reached-by-unused": "`reached-by` stands where there is no public address of its own.",

  // Source NAT.
  "block-size": "A port block is empty or larger than the ports of one address.",
  "blocks-without-pool": "Port blocks need addresses known beforehand; masquerade has none.",
  "except-outside-from": "An exception is outside the sources of its rule, so it changes nothing.",
  "no-subscribers": "The exceptions of a rule leave no source to translate.",
  "source-nat-shadowed": "Earlier rules by the same link take every source of this rule, so it never applies.",

  // Port forwards and static NAT.
  "port-count": "A port forward listens on more or fewer ports than it sends to.",
  "listen-unknown": "The listening address is none of the gateway's: no link, pool or static translation has it.",
  "forwards-collide": "Two port forwards listen on the same address, port and protocol.",
  "forward-to-public": "A port forward sends to a public address of this gateway instead of an inside host.",
  "static-size": "A static translation has more or fewer public than private addresses.",
  "private-overlap": "Two static translations have the same private address.",

  // Twice NAT.
  "twice-nat-length": "Two prefixes translated into each other have different lengths.",
  "twice-nat-links": "Both sides of a twice NAT are behind the same link.",
  "twice-nat-overlap": "A prefix of a twice NAT is the same as one it must be told apart from.",

  // Limits.
  "groups-overlap": "A subscriber is in two groups of `limits`, or twice in one.",
  "management-port-forwarded":
    "A port that `limits.reserve` keeps for the gateway itself is forwarded to an inside host.",

  // Uplinks.
  "uplink-without-gateway": "A link of `uplinks` has no gateway, the next hop to its provider.",
  "duplicate-uplink": "A link stands twice in `uplinks`.",
  "too-many-uplinks": "There are more uplinks than the bits of the connection mark can tell apart.",
  "uplink-hasty": "An uplink would count as down before its probes were sent twice: one lost packet would be enough.",
} as const satisfies Readonly<Record<string, string>>;

/** A code of the closed list above. */
export type ProblemCode = keyof typeof PROBLEM_CODES;
