import { groupHeaders, headersOf, perSecond, topOf } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatRate } from "../figures.ts";
import type { Evidence, Fix, Observation } from "../finding.ts";
import { lookUpRoute, REFUSING, routeText } from "../look-up-route.ts";
import { isInside, networkOf } from "../packet-place.ts";
import { deltaOf, droppedFor, type DroppedHeader, type Signals } from "../signals.ts";
import type { PolicyRuleSignal, RouteSignal } from "../signals/network.ts";

const CAUSE = "no-route";
/** Fewer are a program that tries addresses it once knew. */
const TOO_MANY_PER_SECOND = 5;

/** Why a packet found no way. */
type Reason =
  | { readonly kind: "none" }
  | { readonly kind: "route"; readonly route: RouteSignal }
  | { readonly kind: "rule"; readonly rule: PolicyRuleSignal };

/** No route leads to where packets want to go, or a route or policy rule refuses them. */
export const mode: FailureMode = {
  id: "no-route",
  title: "No route for forwarded packets",
  severity: "loss",
  why: "A packet for which the routing tables know no way, or which a route or policy rule refuses, is dropped before any NAT rule of the way out sees it.",
  needs: [],
  examine: (signals) => {
    const counted = Math.max(deltaOf(signals, "route.in_no_route"), deltaOf(signals, "IpExt.InNoRoutes"));
    const dropped = signals.drops === undefined ? counted : droppedFor(signals, CAUSE);
    if (perSecond(signals, dropped) < TOO_MANY_PER_SECOND) return [];
    const headers = headersOf(signals, CAUSE);
    if (headers.length === 0) return [observe(signals, { kind: "none" }, [], dropped)];
    const reasons = new Map<string, { readonly reason: Reason; readonly headers: DroppedHeader[] }>();
    for (const header of headers) {
      const reason = reasonOf(signals, header);
      const key = keyOf(reason);
      const found = reasons.get(key);
      if (found === undefined) reasons.set(key, { reason, headers: [header] });
      else found.headers.push(header);
    }
    return [...reasons.values()].map(({ reason, headers: own }) =>
      observe(signals, reason, own, Math.round((dropped * own.length) / headers.length)),
    );
  },
};

function reasonOf(signals: Signals, header: DroppedHeader): Reason {
  const { source, destination = "", interface: incoming } = header;
  const { route, rule } = lookUpRoute(signals.network, { destination, incoming, ...(source && { source }) }) ?? {};
  if (route !== undefined && REFUSING.has(route.type)) return { kind: "route", route };
  if (route === undefined && rule !== undefined) return { kind: "rule", rule };
  return { kind: "none" };
}

function keyOf(reason: Reason): string {
  if (reason.kind === "route") return routeText(reason.route);
  return reason.kind === "rule" ? `rule ${reason.rule.priority}` : "";
}

function observe(signals: Signals, reason: Reason, headers: readonly DroppedHeader[], packets: number): Observation {
  const [network] = groupHeaders(headers, ({ destination }) => destination && networkOf(destination, 24));
  const towards = network?.key ?? "where they want to go";
  const hasDefault = signals.network.routes.some(
    ({ destination, type }) => destination === "0.0.0.0/0" && type === "unicast",
  );
  const subject = keyOf(reason);
  const top = topOf("What finds no way", headers);
  const evidence: Evidence[] = [
    { what: "packets dropped", value: formatCount(packets), meaning: formatRate(perSecond(signals, packets)) },
    { what: "in_no_route of /proc/net/stat/rt_cache", value: `+${formatCount(deltaOf(signals, "route.in_no_route"))}` },
    ...reasonEvidence(reason),
  ];
  if (reason.kind === "none") evidence.push({ what: "default route", value: hasDefault ? "there" : "none" });
  for (const { name, up, carrier } of signals.network.links) {
    if (!up || !carrier)
      evidence.push({ what: `interface ${name}`, value: up ? "no carrier" : "down", meaning: "its routes are gone" });
  }
  // Whoever refuses by a route of its own means it, above all against the outside.
  const isMeant =
    reason.kind !== "none" && !headers.some(({ source }) => source !== undefined && isInside(signals, source));
  return {
    ...(subject === "" ? {} : { subject }),
    ...(isMeant ? { severity: "note" as const } : reason.kind === "none" ? {} : { severity: "degraded" as const }),
    summary: `${formatCount(packets)} packets to ${towards} dropped in ${signals.seconds.toFixed(1)} s: ${words(reason, hasDefault)}`,
    evidence,
    ...(top === undefined ? {} : { top }),
    lostPackets: packets,
    explains: [{ cause: CAUSE, packets }],
    fixes: [fixFor(reason, towards, hasDefault)],
  };
}

function reasonEvidence(reason: Reason): Evidence[] {
  if (reason.kind === "route")
    return [{ what: "the route", value: routeText(reason.route), meaning: EFFECTS[reason.route.type] ?? "" }];
  if (reason.kind !== "rule") return [];
  const { priority, text, action = "" } = reason.rule;
  return [{ what: `policy rule ${priority}`, value: text, meaning: EFFECTS[action] ?? "" }];
}

/** What the sender hears. */
const EFFECTS: Readonly<Record<string, string>> = {
  blackhole: "drops without a word",
  unreachable: "drops, and tells the sender: host unreachable",
  prohibit: "drops, and tells the sender: filtered",
};

function words(reason: Reason, hasDefault: boolean): string {
  if (reason.kind === "route") return `the route "${routeText(reason.route)}" refuses them`;
  if (reason.kind === "rule") return `policy rule ${reason.rule.priority} (${reason.rule.text}) refuses them`;
  return hasDefault
    ? "the tables asked for them have no route there"
    : "no route leads there, and there is no default route";
}

function fixFor(reason: Reason, towards: string, hasDefault: boolean): Fix {
  const effect = "packets and answers find their way";
  if (reason.kind === "route") {
    return {
      text: "Remove the route if it is not meant, or add a more specific one",
      commands: [`ip route del ${routeText(reason.route)}`],
      effect,
      risk: "it may be there on purpose: against an attack, or so that packets do not run in a circle",
    };
  }
  if (reason.kind === "rule") {
    return {
      text: "Remove the policy rule if it is not meant, or put one before it",
      commands: [`ip rule del pref ${reason.rule.priority}`],
      effect,
      risk: "it may be there on purpose: a VPN's kill switch, for example",
    };
  }
  if (hasDefault) {
    return {
      text: "Add the route to the table that is asked for these packets (see `ip rule`)",
      commands: ["ip rule", `ip route add ${towards} via ROUTER`],
      effect,
      risk: "none",
    };
  }
  return {
    text: "Add a default route; if it was there, look why it went: a link that was down, a DHCP lease that ended",
    commands: ["ip route add default via ROUTER"],
    file: "links:\n  wan: { gateway: ROUTER }",
    effect,
    risk: "none",
  };
}
