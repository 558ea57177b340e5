import { dropsBy, groupHeaders, headersOf, listText, perSecond, topOf } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatPercent, formatRate } from "../figures.ts";
import type { Evidence, Fix } from "../finding.ts";
import { lookUpRoute, routeText } from "../look-up-route.ts";
import { networkOf } from "../packet-place.ts";
import { deltaOf, droppedFor, type Signals } from "../signals.ts";

const CAUSE = "ttl";
/** Traceroute and monitoring use up a few a second. */
const TOO_MANY_PER_SECOND = 20;
/** Of the packets looked at, to one network: a loop has a destination. */
const TO_ONE_NETWORK = 0.3;

/** Packets run in a circle between this host and another router until their time to live is used up. */
export const mode: FailureMode = {
  id: "ttl-loop",
  title: "Packets run in a circle",
  severity: "loss",
  why: "Each packet caught in a routing loop passes this host up to 128 times before it dies: it never arrives, and a little of it fills the link and the connection table.",
  needs: [],
  counters: ["Ip.InHdrErrors"],
  examine: (signals) => {
    // Without the drops by cause: only what was told to the senders, and that is limited in rate.
    const dropped = signals.drops === undefined ? deltaOf(signals, "Icmp.OutTimeExcds") : droppedFor(signals, CAUSE);
    if (perSecond(signals, dropped) < TOO_MANY_PER_SECOND) return [];
    const headers = headersOf(signals, CAUSE);
    const [network] = groupHeaders(headers, ({ destination }) => destination && networkOf(destination, 24));
    if (network !== undefined && network.packets < headers.length * TO_ONE_NETWORK) return [];
    const sample = headers.find(({ destination = "" }) => networkOf(destination, 24) === network?.key);
    const loop = sample?.destination === undefined ? undefined : circle(signals, sample.destination, sample.interface);
    const top = topOf("What dies", headers);
    const interfaces = dropsBy(signals, [CAUSE], (row) => row.interface).map(({ key }) => key);
    const evidence: Evidence[] = [
      {
        what: "packets whose time to live was used up here",
        value: formatCount(dropped),
        meaning: `${formatRate(perSecond(signals, dropped))}${interfaces.length === 0 ? "" : `, came in by ${listText(interfaces)}`}`,
      },
      {
        what: "time exceeded messages sent (Icmp.OutTimeExcds)",
        value: `+${formatCount(deltaOf(signals, "Icmp.OutTimeExcds"))}`,
        meaning: "limited in rate",
      },
    ];
    if (network !== undefined) {
      evidence.push({
        what: `to ${network.key}`,
        value: formatPercent(network.packets / headers.length),
        meaning: `of ${formatCount(headers.length)} packets looked at`,
      });
    }
    if (loop !== undefined) evidence.push({ what: "the route to them", value: loop.route, meaning: loop.meaning });
    return [
      {
        ...(network === undefined ? {} : { subject: network.key }),
        summary: `${formatCount(dropped)} packets${network === undefined ? "" : ` to ${network.key}`} died of their age in ${signals.seconds.toFixed(1)} s${loop === undefined ? "" : `: ${loop.words}`}`,
        evidence,
        ...(top === undefined ? {} : { top }),
        lostPackets: dropped,
        explains: [{ cause: CAUSE }],
        fixes: [breakLoop(network?.key ?? "NETWORK")],
      },
    ];
  },
};

interface Circle {
  readonly route: string;
  readonly meaning: string;
  readonly words: string;
}

function circle(signals: Signals, destination: string, incoming: string): Circle | undefined {
  const route = lookUpRoute(signals.network, { destination, incoming })?.route;
  if (route?.interface === undefined) return undefined;
  const next = route.via ?? "the next router";
  const isBack = route.interface === incoming;
  return {
    route: routeText(route),
    meaning: isBack ? "sends them back where they came from" : `they come in by ${incoming}`,
    words: isBack
      ? `they come in by ${incoming}, and the route ${routeText(route)} sends them back there`
      : `they go to ${next} by ${route.interface} and come back by ${incoming}`,
  };
}

function breakLoop(network: string): Fix {
  return {
    text: "If the network is this host's, let it refuse the addresses that are not in use; else mend the route on one of the two routers",
    commands: [`ip route get ${network.replace(/\.0\/.*/, ".1")}`, `ip route add unreachable ${network}`],
    effect: "the packets end here, and their senders are told; addresses with a more specific route stay reachable",
    risk: "a prefix that is too wide cuts off hosts that the default route reaches",
  };
}
