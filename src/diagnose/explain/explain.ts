import { formatCount, formatSeconds } from "../figures.ts";
import type { Finding } from "../finding.ts";
import { protocolWord, tupleWords } from "../flow-words.ts";
import { UNKNOWN_ADDRESS } from "../rules/evaluate/state.ts";
import { all } from "../rules/evaluate/certainty.ts";
import type { Signals } from "../signals.ts";
import type { FlowSignal, FlowTuple, PortUseSignal } from "../signals/table.ts";
import { concernsOf } from "./concerns.ts";
import type { ConnectionWords, Explanation, Limit, RouteWords, TranslationWords, WayWords } from "./explanation.ts";
import { limitsOf } from "./limits.ts";
import { answerToFirst, answerWay, firstWay, nextWay, type Begin } from "./paths.ts";
import { timerOf } from "./timer.ts";
import { newTranslations, standingTranslations } from "./translations.ts";
import { wayWords, type WayFacts } from "./way-words.ts";
import type { Ground, Way } from "./way.ts";

/** Everything a journey is made from. */
export interface JourneyFacts {
  readonly protocol: number;
  /** As the first packet has it. */
  readonly tuple: FlowTuple;
  /** The entry in the table, if there is one and it is asked for. */
  readonly flow?: FlowSignal;
  readonly begin: Begin;
  /** Where answers come from, if they come from a network. */
  readonly signals: Signals;
  readonly ground: Ground;
  readonly neighbour: WayFacts["neighbour"];
}

/** The ways of a connection's packets. */
export interface Journey {
  /** Of a new connection like it. */
  readonly first: Way;
  readonly ways: readonly { readonly packet: WayWords["packet"]; readonly way: Way }[];
}

/** Follows the packets of a connection: of one in the table the next ones, else the first and its answer. */
export function journeyOf({ ground, protocol, tuple, flow, begin }: JourneyFacts): Journey {
  const first = firstWay(ground, protocol, tuple, begin);
  if (flow === undefined) {
    const answer = answerToFirst(ground, first);
    return {
      first,
      ways: [
        { packet: "first", way: first },
        ...(answer === undefined ? [] : [{ packet: "answer" as const, way: answer }]),
      ],
    };
  }
  const next = nextWay(ground, flow, begin);
  const back: Begin =
    next.end === "arrives"
      ? { origin: "host" }
      : { origin: "network", ...(next.after.outInterface === undefined ? {} : { incoming: next.after.outInterface }) };
  const answer = answerWay(ground, flow, back);
  return {
    first,
    ways: [
      { packet: "next", way: next },
      { packet: "answer", way: answer },
    ],
  };
}

/** What is known beside the ways. */
export interface MoreFacts {
  readonly findings: readonly Finding[];
  /** Ports in use towards the destination. */
  readonly portUse: readonly PortUseSignal[];
  readonly connectionsOfSource?: number;
}

/** Puts the journey into words. Pure. */
export function explain(facts: JourneyFacts, journey: Journey, more: MoreFacts): Explanation {
  const { protocol, tuple, flow, signals, neighbour } = facts;
  const wayFacts: WayFacts = { network: signals.network, neighbour };
  const ways = journey.ways.map(({ packet, way }) => wayWords(way, packet, wayFacts));
  const foreseen = newTranslations(facts.ground, journey.first, signals.pools ?? [], signals.network.addresses);
  const translations = flow === undefined ? foreseen : standingTranslations(flow, foreseen);
  const next = nextHop(ways[0]);
  const limits =
    flow === undefined
      ? limitsOf({
          signals,
          way: journey.first,
          translations,
          portUse: more.portUse,
          ...(next === undefined ? {} : { neighbour: next }),
          ...(more.connectionsOfSource === undefined ? {} : { connectionsOfSource: more.connectionsOfSource }),
        })
      : [];
  const passes = passesOf(ways, limits);
  return {
    protocol,
    tuple,
    kind: flow === undefined ? "new" : "connection",
    verdict: verdictOf(facts, ways, translations, limits),
    passes,
    ...(flow === undefined ? {} : { connection: connectionWords(flow, signals) }),
    translations,
    ways,
    limits,
    concerns: concernsOf(more.findings, namesOf(facts, journey, translations, ways)),
    unknown: signals.unseen
      .filter(({ signal }) => ["rules", "pools", "table", "network"].includes(signal))
      .map(({ what, why }) => `${what}: ${why}`),
  };
}

function nextHop(way: WayWords | undefined): RouteWords["neighbour"] {
  return way?.steps.filter((step) => step.kind === "route").at(-1)?.neighbour;
}

function passesOf(ways: readonly WayWords[], limits: readonly Limit[]): Explanation["passes"] {
  const states = limits.map(({ state }) => (state === "room" ? "yes" : state === "refuses" ? "no" : "perhaps"));
  return all([...ways.map(({ passes }) => passes), ...states]);
}

function verdictOf(
  { protocol, tuple, flow }: JourneyFacts,
  ways: readonly WayWords[],
  translations: readonly TranslationWords[],
  limits: readonly Limit[],
): string {
  const what =
    flow === undefined ? "a new connection" : `a connection${flow.state === undefined ? "" : `, ${flow.state},`}`;
  const [there, back] = ways;
  const as = translations.map(({ side, to }) => `its ${side} becomes ${to}`);
  const words = [`${what} ${protocolWord(protocol)} ${tupleWords(protocol, tuple)}`];
  // What ends on its way has not come to all the rules that might translate it.
  if (as.length > 0) words.push(as.join(" and "));
  else if (there?.end === "leaves" || there?.end === "arrives") words.push("it is not translated");
  const refusing = limits.find(({ state }) => state === "refuses");
  if (there?.passes === "no") words.push(there.text);
  else if (refusing !== undefined) words.push(`it is refused: ${refusing.text}`);
  else if (back?.passes === "no") words.push(`its answers do not come back: ${back.text}`);
  else if (there?.passes === "perhaps" || back?.passes === "perhaps") {
    words.push(
      `whether it passes cannot be said for sure: ${(there?.passes === "perhaps" ? there : back)?.text ?? ""}`,
    );
  } else {
    const doubts = limits.filter(({ state }) => state === "may-refuse");
    words.push(
      doubts.length === 0 ? "nothing stops it" : `rules let it pass, but: ${doubts.map(({ text }) => text).join("; ")}`,
    );
  }
  return `${words.join("; ")}.`;
}

function connectionWords(flow: FlowSignal, { settings }: Signals): ConnectionWords {
  const { status, packets, bytes, age, helper, zone, mark } = flow;
  const says: string[] = [];
  if (!status.includes("seen-reply")) says.push("no answer has come");
  else if (status.includes("assured")) says.push("it is assured: it is not thrown out to make room");
  if (status.includes("offload") || status.includes("hw-offload")) says.push("it goes past the rules by a flow table");
  if (status.includes("dying")) says.push("it is being removed");
  if (packets !== undefined && bytes !== undefined) {
    says.push(
      `${formatCount(packets[0])} packets (${formatCount(bytes[0])} bytes) there, ${formatCount(packets[1])} (${formatCount(bytes[1])} bytes) back`,
    );
    if (packets[0] > 3 && packets[1] === 0) says.push("everything goes one way");
  }
  if (age !== undefined) says.push(`it began ${formatSeconds(age)} ago`);
  if (helper !== undefined) says.push(`helper ${helper} reads along`);
  if (zone !== 0) says.push(`it is in zone ${zone}`);
  if (mark !== 0) says.push(`its mark is ${mark}`);
  return { flow, timer: timerOf(flow, settings), says };
}

/** Addresses and interfaces that findings may name. */
function namesOf(
  { tuple, flow }: JourneyFacts,
  journey: Journey,
  translations: readonly TranslationWords[],
  ways: readonly WayWords[],
): Set<string> {
  const names = new Set<string>([tuple.source, tuple.destination]);
  if (flow !== undefined) for (const end of [flow.reply.source, flow.reply.destination]) names.add(end);
  for (const { addresses } of translations) {
    for (const { first, last } of addresses) if (first === last) names.add(first);
  }
  for (const { steps } of ways) {
    for (const step of steps) {
      if (step.kind !== "route") continue;
      if (step.interface !== undefined && step.interface !== "lo") names.add(step.interface);
      if (step.via !== undefined) names.add(step.via);
    }
  }
  const { inInterface } = journey.first.packet;
  if (inInterface !== undefined) names.add(inInterface);
  names.delete(UNKNOWN_ADDRESS);
  return names;
}
