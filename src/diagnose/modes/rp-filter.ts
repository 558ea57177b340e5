import { dropsBy, groupHeaders, headersOf, listText, perSecond, topOf } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatRate } from "../figures.ts";
import type { Evidence, Fix, Observation } from "../finding.ts";
import { lookUpRoute, routeText } from "../look-up-route.ts";
import { isPrivate, networkOf } from "../packet-place.ts";
import { deltaOf, droppedFor, settingOf, type DroppedHeader, type Signals } from "../signals.ts";

const CAUSE = "rp-filter";
/** Forged sources are thrown away by it all the time, some a second on a public address. */
const TOO_MANY_PER_SECOND = 5;
/** From so many headers on it can be said whether the sources are all different. */
const ENOUGH_TO_JUDGE = 20;

/** The reverse path filter throws packets away whose answers would leave by another interface. */
export const mode: FailureMode = {
  id: "rp-filter",
  title: "The reverse path filter drops packets",
  severity: "loss",
  why: "With rp_filter 1 a packet is dropped unless the route back to its source leads out of the interface it came by; with several links, or a route that is missing, those are honest packets.",
  needs: [],
  counters: ["TcpExt.IPReversePathFilter"],
  examine: (signals) => {
    const counted = deltaOf(signals, "TcpExt.IPReversePathFilter");
    const dropped = signals.drops === undefined ? counted : droppedFor(signals, CAUSE);
    if (perSecond(signals, dropped) < TOO_MANY_PER_SECOND) return [];
    const arriving = dropsBy(signals, [CAUSE], (row) => row.interface).map(({ key }) => key);
    const interfaces = arriving.length > 0 ? arriving : strictInterfaces(signals);
    const headers = headersOf(signals, CAUSE);
    const [commonest] = groupHeaders(headers, backText(signals));
    const isForged = lookForged(headers);
    const top = topOf("Who is dropped", headers, sourceText);
    const evidence: Evidence[] = [
      {
        what: "packets dropped (reason IP_RPFILTER)",
        value: formatCount(dropped),
        meaning: `${formatRate(perSecond(signals, dropped))}, came in by ${listText(interfaces)}`,
      },
      { what: "TcpExt.IPReversePathFilter", value: `+${formatCount(counted)}` },
      ...interfaces.flatMap((name) => settingsOf(signals, name)),
    ];
    if (commonest !== undefined) evidence.push({ what: "the way back to these sources", value: commonest.key });
    const observation: Observation = {
      ...(isForged ? { severity: "note" as const } : {}),
      summary: isForged
        ? `${formatCount(dropped)} packets in ${signals.seconds.toFixed(1)} s on ${listText(interfaces)} from sources all over the internet: forged ones, as it should be`
        : `${formatCount(dropped)} packets dropped in ${signals.seconds.toFixed(1)} s on ${listText(interfaces)}: ${commonest?.key ?? "their way back leads elsewhere"}`,
      evidence,
      ...(top === undefined ? {} : { top }),
      lostPackets: dropped,
      explains: [{ cause: CAUSE }],
      fixes: isForged ? [] : fixesFor(signals, interfaces, headers),
    };
    return [observation];
  },
};

function settingName(name: string): string {
  return `net.ipv4.conf.${name.replaceAll(".", "/")}.rp_filter`;
}

/** The greater of both is in force. */
function settingsOf(signals: Signals, name: string): Evidence[] {
  const all = settingOf(signals, settingName("all"));
  const own = settingOf(signals, settingName(name));
  if (all === undefined || own === undefined) return [];
  const force = Math.max(all, own);
  const meaning = force === 1 ? "strict" : force === 2 ? "loose: some route back must be there" : "off by now";
  return [{ what: `rp_filter of ${name} (${own}) and of all (${all})`, value: String(force), meaning }];
}

function strictInterfaces(signals: Signals): string[] {
  const all = settingOf(signals, settingName("all")) ?? 0;
  return signals.network.links
    .map(({ name }) => name)
    .filter((name) => name !== "lo" && Math.max(all, settingOf(signals, settingName(name)) ?? 0) > 0);
}

/** In words, where answers to a source would go. */
function backText(signals: Signals): (header: DroppedHeader) => string | undefined {
  return ({ source, destination, interface: name }) => {
    if (source === undefined) return undefined;
    const answer = lookUpRoute(signals.network, { destination: source, ...(destination && { source: destination }) });
    if (answer === undefined) return undefined;
    const { route, rule } = answer;
    if (route === undefined) {
      return rule === undefined
        ? `no route leads back to ${networkOf(source, 24)}`
        : `the policy rule ${rule.priority} (${rule.text}) refuses the way back to ${networkOf(source, 24)}`;
    }
    if (route.interface === name)
      return "the route leads back there only for some packets (firewall marks, policy rules)";
    const where = `the way back is the route ${routeText(route)}`;
    return route.destination.endsWith("/0") && isPrivate(source)
      ? `${where}, because none leads to ${networkOf(source, 24)}`
      : where;
  };
}

function sourceText({ source = "?", interface: name }: DroppedHeader): string {
  return `from ${source} on ${name}`;
}

/** Sources that have nothing in common are nobody's: who forges them draws them by lot. */
function lookForged(headers: readonly DroppedHeader[]): boolean {
  if (headers.length < ENOUGH_TO_JUDGE) return false;
  const known = headers.flatMap(({ source }) => source ?? []);
  const networks = new Set(known.filter((source) => !isPrivate(source)).map((source) => networkOf(source, 16)));
  return networks.size > headers.length / 2;
}

function fixesFor(signals: Signals, interfaces: readonly string[], headers: readonly DroppedHeader[]): Fix[] {
  const isLoose = interfaces.every((name) => {
    const all = settingOf(signals, settingName("all")) ?? 0;
    return Math.max(all, settingOf(signals, settingName(name)) ?? 0) === 2;
  });
  const [missing] = groupHeaders(headers, ({ source, interface: name }) => {
    const route = source === undefined ? undefined : lookUpRoute(signals.network, { destination: source })?.route;
    if (source === undefined || (route !== undefined && !(route.destination.endsWith("/0") && isPrivate(source)))) {
      return undefined;
    }
    return `ip route add ${networkOf(source, 24)} via ROUTER dev ${name}`;
  });
  const routes: Fix[] =
    missing === undefined
      ? []
      : [
          {
            text: "Add the route to the network these packets come from (ROUTER: the next hop there; the prefix may be wider)",
            commands: [missing.key],
            effect: "they pass, and the answers find the way back",
            risk: "none, if the network is really there",
          },
        ];
  const loose: Fix = {
    text: "Let the filter ask only whether some route leads back (loose mode), and write it into a file of /etc/sysctl.d",
    commands: interfaces.map((name) => `sysctl -w ${settingName(name)}=2`),
    effect: "packets whose way back leads over another interface pass",
    risk: "sources of networks behind other interfaces can be forged on this one; rules must stop that where it matters",
    safe: interfaces.map((name) => ({ kind: "sysctl", name: settingName(name), value: "2" })),
  };
  return isLoose ? routes : [...routes, loose];
}
