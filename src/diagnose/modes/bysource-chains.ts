import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix } from "../finding.ts";
import { formatCount } from "../figures.ts";
import { valueOf, type Signals } from "../signals.ts";

/** From here on it is felt in a profile. */
const LONG = 8;
/** New connections take half as long again. */
const VERY_LONG = 32;
const RANDOM = new Set(["random", "fully-random"]);

/** The table in which source NAT looks for earlier translations of a source is too small. */
export const mode: FailureMode = {
  id: "bysource-chains",
  title: "Source NAT's own hash is too small for so many connections",
  severity: "risk",
  why: "For every new connection source NAT looks through a chain of its own hash (nf_nat_bysource), which keeps the size it had at boot however the other one is raised: the more connections there are, the slower new ones begin.",
  needs: ["table"],
  counters: ["conntrack.count"],
  examine: (signals) => {
    const { bysourceBuckets: buckets, bysourceAssumed: isAssumed = false } = signals.host;
    const { table } = signals;
    if (buckets === undefined || buckets === 0 || table === undefined || table.translated.source === 0) return [];
    if (alwaysRandom(signals)) return [];
    const count = valueOf(signals, "conntrack.count") ?? 0;
    const chain = count / buckets;
    if (chain < LONG) return [];
    const now = valueOf(signals, "conntrack.buckets") ?? 0;
    const evidence: Evidence[] = [
      { what: "connections (nf_conntrack_count)", value: formatCount(count), meaning: "each is in it once" },
      {
        what: "buckets of nf_nat_bysource",
        value: formatCount(buckets),
        meaning: isAssumed
          ? "assumed: what the kernel takes for this memory, since nobody asked for another size"
          : "its size since boot",
      },
      { what: "mean length of a chain", value: chain.toFixed(1), meaning: "1 would be good" },
      {
        what: "nf_conntrack_buckets",
        value: formatCount(now),
        meaning: "the other hash; raising it leaves this one as it is",
      },
    ];
    return [
      {
        ...(chain >= VERY_LONG ? { severity: "degraded" as const } : {}),
        summary: `${formatCount(count)} connections in ${formatCount(buckets)} buckets${isAssumed ? " (assumed)" : ""}: chains of ${chain.toFixed(1)} for each new connection to walk`,
        evidence,
        fixes: fixes(count),
      },
    ];
  },
};

/** With these the kernel does not look for earlier translations at all. */
function alwaysRandom({ pools }: Signals): boolean {
  return pools !== undefined && pools.length > 0 && pools.every(({ flags }) => flags.some((flag) => RANDOM.has(flag)));
}

function fixes(count: number): Fix[] {
  const wanted = 2 ** Math.ceil(Math.log2(count));
  return [
    {
      text: "Choose ports at random: then this hash is not looked into",
      commands: [
        "# nft: snat to ADDRESS fully-random, masquerade fully-random",
        "# iptables: -j SNAT --to-source ADDRESS --random-fully",
      ],
      file: "source-nat:\n  - { name: office, from: 10.64.1.0/24, to: public, ports: { selection: random } }",
      effect: "beginning a connection takes as long as with an empty table",
      risk: "ports are not preserved any more, which some games and VPNs want",
    },
    {
      text: "Give it a larger size at the next boot, before nf_nat is set up",
      commands: [
        `echo 'options nf_conntrack hashsize=${wanted}' > /etc/modprobe.d/nf_conntrack.conf   # where it is a module`,
        `# where it is built in, on the kernel's command line: nf_conntrack.hashsize=${wanted}`,
        "reboot",
      ],
      effect: `chains of ${(count / wanted).toFixed(1)}; ${Math.ceil((wanted * 16) / 2 ** 20)} MiB for both hashes`,
      risk: "all connections are lost at the reboot; with hashsize= the kernel makes nf_conntrack_max eight times as large",
    },
  ];
}
