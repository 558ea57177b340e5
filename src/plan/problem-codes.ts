/** Every code a problem found by the planner can have, with one line of explanation; stable, for scripts and the documentation. */
export const PLAN_PROBLEM_CODES = {
  // Errors: the gateway could not do its work.
  "pool-too-small": "The pool has fewer port blocks than the rule has subscribers.",
  "forward-without-spare":
    "A port forward listens in a subscriber's port block, and the pool has no spare block to move the subscriber to.",
  "pool-without-ports": "Port forwards listen on so many ports that none is left for source NAT.",
  "pool-cannot-serve": "A shared pool has fewer ports than subscribers: not everyone could reach the same server.",
  "pool-too-large": "A pool has more addresses than a plan is made for; most often a prefix is too short.",
  "memory-exceeded": "The connection table would take more of the host's memory than is safe.",
  "buckets-too-few":
    "The host's hash table is so small for the connections expected that the kernel would refuse new ones.",

  "too-many-classes": "More subscribers would have a rate of their own on one link than the kernel can keep apart.",
  "too-many-uplink-orders":
    "The rules give their subscribers more different orders of uplinks than marks can tell apart.",

  // What the host does not have, or does not let us change.
  "interface-missing": "The host has no interface of that name (now); apply leaves out what needs it.",
  "kernel-without-bonding": "The kernel has no bonding; apply leaves the link out with all that is on it.",
  "kernel-without-vlan": "The kernel has no VLANs; apply leaves the link out with all that is on it.",
  "limit-is-hosts": "The connection limit is one value for the whole host and cannot be raised from this namespace.",
  "neighbours-are-hosts": "The neighbour table is one for the whole host and cannot be enlarged from this namespace.",
  "setting-read-only": "A kernel setting needs another value, but this host does not let it be written.",

  // Warnings about the table.
  "memory-high": "The full connection table would take a large part of the host's memory.",
  "chains-long": "Hash chains of the connection table are long on average, so each look-up is slow.",
  "bysource-chains":
    "The NAT's table by source keeps the size it had at boot; its chains are long, which slows every new connection.",
  "ports-at-random":
    "The NAT's table by source keeps the size it had at boot, too small for so many connections: ports are chosen at random.",
  "extensions-cost": "Connections carry an extension block, which makes each half as large again.",
  "rate-exceeds-table": "New connections per second times the time they stay is more than the table holds.",
  "expiry-too-fast": "More connections end each second than the kernel's garbage collection can remove.",

  // Warnings about timers.
  "timeout-below-rfc": "A timeout is shorter than an RFC allows: connections that are quiet but alive are cut.",
  "established-very-long": "TCP connections that nobody closes stay in the table for a day or longer.",
  "timeout-unknown": "The file sets a timeout this kernel does not have.",

  // Warnings about pools and subscribers.
  "blocks-small": "A port block is so small that one busy page or program of a subscriber can use it up.",
  "block-search":
    "A port block is so large that the kernel does not search all of it: connections are refused before it is full.",
  "no-spare-blocks": "Every port block is given away: no subscriber and no port forward can be added.",
  "addresses-idle": "Half of a pool or more stays unused by its port blocks.",
  "address-without-ports": "Port forwards take all ports of one address of a pool, so source NAT leaves it out.",
  "ports-run-out": "So many connections may go to one destination that the kernel finds no free port for more.",
  "subscribers-per-address": "Very many subscribers share one public address, with few ports for each.",
  "subscribers-counted-twice": "An earlier rule by the same link takes some of the sources of this rule.",
  "subscribers-beyond-sources": "The file expects more subscribers than the rules have source addresses.",

  // Warnings about limits.
  "limit-fills-table": "A handful of subscribers at their connection limit fill the connection table.",
  "rate-beyond-line": "A rate is more than the line carries, so it limits nothing.",
  "priority-without-line": "A group has a priority, but nothing says what the line carries.",
  "group-of-nobody": "No rule translates anybody of a group.",
  "nowhere-to-shape": "A direction is limited, and no link is there by which only its packets leave.",
  "line-on-each-link": "Several links each get the rate of the line: what leaves by one is not counted on the other.",
  "share-small": "When everybody wants all at the same time, a subscriber is sure of very little.",
  "shaped-on-kernel-path": "Packets of subscribers with a rate cannot take the fast path.",

  // Warnings about uplinks.
  "uplink-alone": "Only one uplink is named, so nothing stands in for it.",
  "uplink-strands": "Subscribers have no rule for another uplink: they are cut off when theirs fails.",
  "uplink-unused": "No rule translates anybody who leaves by the uplink.",
  "uplink-probe-near": "Only the provider's own router is asked: what fails beyond it is not noticed.",
  "fast-path-follows-late": "The fast path notices a fail-over of uplinks a little later than the kernel.",
} as const satisfies Readonly<Record<string, string>>;

/** A code of the closed list above. */
export type PlanProblemCode = keyof typeof PLAN_PROBLEM_CODES;
