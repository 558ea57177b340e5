import { dropsBy, groupHeaders, headersOf, listText, perSecond, topOf } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatRate } from "../figures.ts";
import type { Evidence, Fix, Observation } from "../finding.ts";
import { isOwn, kindOfImpossibleSource } from "../packet-place.ts";
import { deltaOf, droppedFor, settingOf, type DroppedHeader, type Signals } from "../signals.ts";

const CAUSE = "martian";

/** Ways in which an address cannot be; the first that fits a packet counts. */
const KINDS = ["to-loopback", "own-source", "impossible-source", "other"] as const;
type Kind = (typeof KINDS)[number];

/**
 * From how many a second on: somebody's misconfiguration repeats itself, while nonsense reaches every public address now
 * and then.
 */
const TOO_MANY: Readonly<Record<Kind, number>> = {
  "to-loopback": 2,
  "own-source": 2,
  "impossible-source": 10,
  other: 10,
};

/** Packets with addresses that cannot be there: loopback, the host's own, zero, multicast. */
export const mode: FailureMode = {
  id: "martians",
  title: "Packets with impossible addresses are dropped",
  severity: "loss",
  why: "The kernel drops a packet whose addresses cannot be right where it came in, without a word unless log_martians is on; behind it is a translation to loopback, an address given twice, or a packet that runs in a circle.",
  needs: [],
  counters: ["route.in_martian_src", "route.in_martian_dst"],
  examine: (signals) => {
    const dropped = signals.drops === undefined ? counted(signals) : droppedFor(signals, CAUSE);
    const headers = headersOf(signals, CAUSE);
    return KINDS.flatMap((kind) => {
      const own = headers.filter((header) => kindOf(signals, header) === kind);
      const share = headers.length === 0 ? Number(kind === "other") : own.length / headers.length;
      const packets = Math.round(dropped * share);
      return perSecond(signals, packets) < TOO_MANY[kind] || packets === 0
        ? []
        : [observe(signals, kind, own, packets)];
    });
  },
};

function counted(signals: Signals): number {
  return deltaOf(signals, "route.in_martian_src") + deltaOf(signals, "route.in_martian_dst");
}

function kindOf(signals: Signals, { source = "", destination = "" }: DroppedHeader): Kind {
  if (destination.startsWith("127.")) return "to-loopback";
  if (isOwn(signals, source)) return "own-source";
  return kindOfImpossibleSource(source) === undefined ? "other" : "impossible-source";
}

function observe(signals: Signals, kind: Kind, headers: readonly DroppedHeader[], packets: number): Observation {
  const interfaces = groupHeaders(headers, (header) => header.interface).map(({ key }) => key);
  const all =
    interfaces.length > 0 ? interfaces : dropsBy(signals, [CAUSE], (row) => row.interface).map(({ key }) => key);
  const where = all.length === 0 ? "" : ` on ${listText(all)}`;
  const sources = groupHeaders(headers, ({ source }) => source).map(({ key }) => key);
  const top = topOf("What is dropped", headers);
  const evidence: Evidence[] = [
    { what: `packets dropped${where}`, value: formatCount(packets), meaning: formatRate(perSecond(signals, packets)) },
    {
      what: "in_martian_src of /proc/net/stat/rt_cache",
      value: `+${formatCount(deltaOf(signals, "route.in_martian_src"))}`,
    },
    {
      what: "in_martian_dst of /proc/net/stat/rt_cache",
      value: `+${formatCount(deltaOf(signals, "route.in_martian_dst"))}`,
    },
    ...logged(signals),
  ];
  if (kind === "to-loopback") for (const name of all) evidence.push(...localnet(signals, name));
  return {
    subject: kind,
    ...(kind === "impossible-source" || kind === "other" ? { severity: "degraded" as const } : {}),
    summary: `${formatCount(packets)} packets dropped in ${signals.seconds.toFixed(1)} s${where}: ${WORDS[kind](sources)}`,
    evidence,
    ...(top === undefined ? {} : { top }),
    lostPackets: packets,
    explains: [{ cause: CAUSE, packets }],
    fixes: FIXES[kind](all, sources),
  };
}

function logged(signals: Signals): Evidence[] {
  const now = (signals.log ?? []).filter(({ id, now: count }) => id.startsWith("martian-") && count > 0);
  return now.map(({ last }) => ({
    what: "kernel log",
    value: last,
    meaning: "ll header: the sender's hardware address",
  }));
}

function localnet(signals: Signals, name: string): Evidence[] {
  const setting = `net.ipv4.conf.${name.replaceAll(".", "/")}.route_localnet`;
  const all = settingOf(signals, "net.ipv4.conf.all.route_localnet") ?? 0;
  const force = Math.max(all, settingOf(signals, setting) ?? 0);
  return [{ what: setting, value: String(force), meaning: "1: 127.0.0.0/8 may come in there" }];
}

const WORDS: Readonly<Record<Kind, (sources: readonly string[]) => string>> = {
  "to-loopback": () => "their destination is translated to 127.0.0.0/8, which may not be reached from outside",
  "own-source": (sources) =>
    `they come from ${listText(sources.slice(0, 3))}, an address of this host: it is given twice, or they run in a circle`,
  "impossible-source": (sources) => `no packet can come from ${listText(sources.slice(0, 3))}`,
  other: () => "source or destination cannot be there",
};

function fixLoopback(interfaces: readonly string[]): Fix[] {
  return [
    {
      text: "Let the service listen on an address of the host, and translate to that (`redirect to :PORT` of nft, `-j REDIRECT` of iptables) in place of 127.0.0.1",
      commands: ["nft -a list ruleset | grep 'dnat.*127\\.'", "iptables-save | grep 'to-destination 127\\.'"],
      effect: "the packets reach the service",
      risk: "the service can be reached at that address by everybody whom the firewall lets through",
    },
    {
      text: "Or let loopback addresses in",
      commands: interfaces.map((name) => `sysctl -w net.ipv4.conf.${name.replaceAll(".", "/")}.route_localnet=1`),
      effect: "the packets reach 127.0.0.1",
      risk: "neighbours on that link reach every service that listens on 127.0.0.1 only (CVE-2020-8558): not without a rule that drops what is not translated",
    },
  ];
}

function fixOwnSource(interfaces: readonly string[], sources: readonly string[]): Fix[] {
  const [name = "IF"] = interfaces;
  const [source = "ADDRESS"] = sources;
  return [
    {
      text: "Find who sends with the host's address (by the hardware address), and give it another one",
      commands: [
        `tcpdump -c 5 -eni ${name} src ${source}`,
        `arping -D -c 3 -I ${name} ${source}`,
        "ip link   # the same hardware address: the packets are this host's own, and a switch, bridge or NAT sends them back",
      ],
      effect: "they are no longer taken for forged",
      risk: "none",
    },
  ];
}

function fixSender(interfaces: readonly string[]): Fix[] {
  const [name = "IF"] = interfaces;
  return [
    {
      text: "Find who sends them, by the hardware address that the kernel logs",
      commands: [`sysctl -w net.ipv4.conf.${name.replaceAll(".", "/")}.log_martians=1`, "dmesg | grep -A1 martian"],
      effect: "the sender is known; it needs another address or another router",
      risk: "log_martians can fill the log, although the kernel limits it: switch it off again",
    },
  ];
}

const FIXES: Readonly<Record<Kind, (interfaces: readonly string[], sources: readonly string[]) => Fix[]>> = {
  "to-loopback": fixLoopback,
  "own-source": fixOwnSource,
  "impossible-source": fixSender,
  other: fixSender,
};
