import { dropsBy, headersOf, listText, perSecond, topOf } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatRate } from "../figures.ts";
import type { Fix } from "../finding.ts";
import { deltaOf, droppedFor, settingOf, type Signals } from "../signals.ts";

const CAUSE = "not-forwarding";
const GLOBAL = "net.ipv4.ip_forward";
/** A host that is no router is now and then sent a packet for somebody else. */
const TOO_MANY_PER_SECOND = 2;

/** Packets for others come, and forwarding is off: for all, or for the interface they come by. */
export const mode: FailureMode = {
  id: "forwarding-off",
  title: "Forwarding is off",
  severity: "loss",
  why: "A host that does not forward throws away every packet that is for somebody else, whatever its NAT rules say.",
  needs: [],
  counters: ["Ip.InAddrErrors"],
  examine: (signals) => {
    const isOff = settingOf(signals, GLOBAL) === 0;
    const closed = interfacesWithout(signals);
    if (!isOff && closed.length === 0) return [];
    const dropped = signals.drops === undefined ? deltaOf(signals, "Ip.InAddrErrors") : droppedFor(signals, CAUSE);
    const isLosing = perSecond(signals, dropped) >= TOO_MANY_PER_SECOND;
    // A gateway that does not forward is broken even while nobody sends.
    if (!isLosing && !(isOff && signals.gateway !== undefined)) return [];
    const arriving = dropsBy(signals, [CAUSE], (row) => row.interface).map(({ key }) => key);
    const concerned = arriving.length === 0 ? closed : closed.filter((name) => arriving.includes(name));
    const settings = isOff ? [GLOBAL] : concerned.map(settingName);
    const top = topOf("Who is not forwarded", headersOf(signals, CAUSE));
    return [
      {
        ...(isLosing ? {} : { severity: "degraded" as const }),
        summary: `${isOff ? "the host forwards nothing" : `packets from ${listText(concerned)} are not forwarded`}; ${formatCount(dropped)} packets for others dropped in ${signals.seconds.toFixed(1)} s`,
        evidence: [
          ...settings.map((name) => ({ what: name, value: "0", meaning: "1 on a router" })),
          {
            what: "packets for others dropped (reason IP_INADDRERRORS)",
            value: formatCount(dropped),
            meaning: `${formatRate(perSecond(signals, dropped))}${arriving.length === 0 ? "" : `, came in by ${listText(arriving)}`}`,
          },
          { what: "Ip.InAddrErrors", value: `+${formatCount(deltaOf(signals, "Ip.InAddrErrors"))}` },
          {
            what: "packets forwarded (Ip.ForwDatagrams)",
            value: `+${formatCount(deltaOf(signals, "Ip.ForwDatagrams"))}`,
          },
        ],
        ...(top === undefined ? {} : { top }),
        lostPackets: dropped,
        explains: [{ cause: CAUSE }],
        fixes: [switchOn(settings)],
      },
    ];
  },
};

function settingName(name: string): string {
  return `net.ipv4.conf.${name.replaceAll(".", "/")}.forwarding`;
}

function interfacesWithout(signals: Signals): string[] {
  return signals.network.links
    .map(({ name }) => name)
    .filter((name) => name !== "lo" && settingOf(signals, settingName(name)) === 0);
}

function switchOn(settings: readonly string[]): Fix {
  const isGlobal = settings.includes(GLOBAL);
  return {
    text: "Switch forwarding on, and write it into a file of /etc/sysctl.d lest it be off after the next boot",
    commands: settings.map((name) => `sysctl -w ${name}=1`),
    effect: isGlobal ? "packets between all interfaces are forwarded" : "packets that come in there are forwarded",
    risk: "the host forwards whatever the firewall's forward chain lets pass",
    safe: settings.map((name) => ({ kind: "sysctl", name, value: "1" })),
  };
}
