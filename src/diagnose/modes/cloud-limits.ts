import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix, Observation } from "../finding.ts";
import { formatCount, formatRate } from "../figures.ts";
import { deltaOf, valueOf, type Signals } from "../signals.ts";

/** A packet now and then over a limit of packets a second is how bursts look. */
const NOTEWORTHY_PER_SECOND = 1;
/** What the driver of EC2's network cards (ena) counts, and what it stands for. */
const LIMITS: Readonly<Record<string, string>> = {
  conntrack_allowance_exceeded: "connections that the cloud tracks for security groups",
  pps_allowance_exceeded: "packets a second",
  bw_in_allowance_exceeded: "bandwidth received",
  bw_out_allowance_exceeded: "bandwidth sent",
  linklocal_allowance_exceeded: "packets to the cloud's DNS, time and metadata services",
};
const AVAILABLE = "conntrack_allowance_available";

/** The cloud drops packets of this machine, because it is over the limits of its size. */
export const mode: FailureMode = {
  id: "cloud-limits",
  title: "The cloud drops packets: a limit of this machine's size is exceeded",
  severity: "loss",
  why: "A cloud lets a machine of each size have so many packets, bits and tracked connections; what is over is dropped outside of the machine, and no counter of its kernel sees it.",
  needs: [],
  counters: ["driver."],
  examine: (signals) => signals.network.links.flatMap(({ name }) => examineLink(signals, name)),
};

function examineLink(signals: Signals, name: string): Observation[] {
  const exceeded = Object.entries(LIMITS)
    .map(([limit, words]) => ({ limit, words, count: deltaOf(signals, `driver.${name}.${limit}`) }))
    .filter(({ count }) => count >= NOTEWORTHY_PER_SECOND * signals.seconds)
    .toSorted((a, b) => b.count - a.count);
  if (exceeded.length === 0) return [];
  const lost = exceeded.reduce((sum, { count }) => sum + count, 0);
  const evidence: Evidence[] = exceeded.map(({ limit, words, count }) => ({
    what: `${limit} of ${name}`,
    value: formatCount(count),
    meaning: words,
  }));
  const available = valueOf(signals, `driver.${name}.${AVAILABLE}`);
  const tracks = exceeded.some(({ limit }) => limit === "conntrack_allowance_exceeded");
  if (available !== undefined && tracks) {
    evidence.push({ what: `${AVAILABLE} of ${name}`, value: formatCount(available), meaning: "room for further ones" });
  }
  return [
    {
      subject: name,
      summary: `${name} is over the machine's limit of ${exceeded.map(({ words }) => words).join(", and of ")}: ${formatRate(lost / signals.seconds)} packets dropped or held up`,
      evidence,
      lostPackets: lost,
      fixes: [...(tracks ? [untracked()] : []), larger(name)],
    },
  ];
}

function untracked(): Fix {
  return {
    text: "Let the cloud track fewer connections: security groups that allow all, in both directions, are not tracked",
    commands: [
      "aws ec2 modify-security-group-rules ...    # inbound and outbound 0.0.0.0/0, all ports, for the protocol",
      "meganat plan FILE                          # and let our own rules do the filtering",
    ],
    effect: "these connections no longer count; the kernel's table goes on as before",
    risk: "the security group no longer filters: rules of this machine must",
  };
}

function larger(name: string): Fix {
  return {
    text: "Use a larger machine, or share the load out over several",
    commands: [`ethtool -S ${name} | grep allowance`],
    effect: "limits grow with the size; each machine has its own",
    risk: "public addresses move: existing connections end",
  };
}
