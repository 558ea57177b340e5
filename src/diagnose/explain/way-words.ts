import { UNKNOWN_ADDRESS } from "../rules/evaluate/state.ts";
import type { NetworkSignal } from "../signals/network.ts";
import type { EndingWords, NeighbourWords, RouteWords, WayWords } from "./explanation.ts";
import type { HookStep, RouteReply, RouteStep, Way } from "./way.ts";
import { endingWords, endWords, hookWords, packetWords } from "./words.ts";

/** What the words of a way need beside the way. */
export interface WayFacts {
  readonly network: NetworkSignal;
  /** The state of a neighbour, undefined if the kernel knows nothing of it. */
  readonly neighbour: (interfaceName: string, address: string) => string | undefined;
}

const NEIGHBOURS: Readonly<Record<string, string>> = {
  reachable: "it has answered lately",
  stale: "it has answered before, and is asked again when packets go there",
  delay: "it is about to be asked again",
  probe: "it is being asked again",
  incomplete: "it is being asked and has not answered: packets wait for it, a few of them",
  failed: "it does not answer: packets to it are dropped",
  noarp: "it need not be asked",
  permanent: "its hardware address was set by hand",
};
const NOT_ASKED = "it has not been asked yet: the first packet waits until it answers";

/** Describes a way. */
export function wayWords(way: Way, packet: WayWords["packet"], facts: WayFacts): WayWords {
  const incoming = way.packet.inInterface;
  return {
    packet,
    from: `${packetWords(way.packet)}${incoming === undefined ? "" : `, in by ${incoming}`}`,
    steps: way.steps.map((step) =>
      step.kind === "hook" ? hookWords(step.hook, step.result) : routeWords(step, facts),
    ),
    end: way.end,
    passes: way.passes,
    text: endText(way),
    ...(way.alternatives === undefined
      ? {}
      : { alternatives: way.alternatives.map((one) => wayWords(one, packet, facts)) }),
  };
}

function routeWords({ question, reply }: RouteStep, facts: WayFacts): RouteWords {
  const { destination } = question;
  if (reply.kind === "unknown") return { kind: "route", destination, text: "where it goes is not known" };
  if (reply.kind === "refused") return { kind: "route", destination, text: reply.detail, refused: reply.why };
  const { interface: name, via, route, rule, mtu } = reply;
  const head = {
    kind: "route" as const,
    destination,
    interface: name,
    ...(via === undefined ? {} : { via }),
    ...(route === undefined ? {} : { route }),
    ...(rule === undefined ? {} : { rule }),
  };
  if (reply.kind === "local") return { ...head, text: `${destination} is this host itself` };
  const link = facts.network.links.find((one) => one.name === name);
  const size = mtu ?? link?.mtu;
  return {
    ...head,
    text: `${destination} is reached by ${name}${via === undefined ? ", directly" : ` via ${via}`}`,
    neighbour: neighbourWords(reply, destination, facts),
    ...(size === undefined ? {} : { mtu: size }),
  };
}

function neighbourWords(
  reply: RouteReply & { kind: "leaves" | "local" },
  destination: string,
  facts: WayFacts,
): NeighbourWords {
  const address = reply.via ?? destination;
  const state = facts.neighbour(reply.interface, address);
  return {
    address,
    ...(state === undefined ? {} : { state }),
    meaning: state === undefined ? NOT_ASKED : (NEIGHBOURS[state] ?? "nothing is known of this state"),
  };
}

/** How the way ends, in one sentence. */
export function endText(way: Way): string {
  const perhaps = perhapsEnded(way).map(doneBy);
  const unless = perhaps.length === 0 ? "" : `, unless ${perhaps.join(", or ")}`;
  switch (way.end) {
    case "ended":
      return endedText(way);
    case "refused": {
      const reply = lastRoute(way)?.reply;
      return `routing refuses it: ${reply?.kind === "refused" ? reply.detail : "why is not known"}`;
    }
    case "unknown":
      return `it gets as far as routing, which cannot be foreseen${unless}`;
    case "splits":
      return "rules choose one of several destinations for it";
    case "arrives":
      return `it arrives at this host as ${afterWords(way)}${unless}`;
    case "leaves":
      return `it leaves by ${way.after.outInterface ?? "an interface"} as ${afterWords(way)}${unless}`;
  }
}

/** A side whose translation the kernel chooses is not known yet: the translation says what it may be. */
function afterWords({ after }: Way): string {
  if (after.source !== UNKNOWN_ADDRESS && after.destination !== UNKNOWN_ADDRESS) return packetWords(after);
  const { source, destination, sourcePort, destinationPort, protocol } = after;
  const words = (address: string, port: number | undefined): string =>
    address === UNKNOWN_ADDRESS ? "its translation" : endWords(address, port, protocol !== 1);
  return `${words(source, sourcePort)} > ${words(destination, destinationPort)}`;
}

function endedText(way: Way): string {
  const ending = way.steps.filter(isHook).at(-1)?.result.endings.at(-1);
  const hook = way.steps.filter(isHook).at(-1)?.hook ?? "";
  if (ending === undefined) return `it ends at ${hook}`;
  const all = way.steps.filter(isHook).flatMap(({ result }) => result.endings.map(endingWords));
  const [first] = all;
  if (all.length > 1 && first !== undefined) {
    return `it does not get past ${hook}: perhaps ${doneBy(first)}, else ${doneBy(endingWords(ending))}`;
  }
  return `${doneBy(endingWords(ending))} (at ${hook})`;
}

/** `dropped by policy drop of chain ip filter forward`. */
function doneBy({ verdict, by }: EndingWords): string {
  const DONE = {
    drop: "it is dropped by",
    reject: "it is rejected by",
    queue: "it goes to a program, by",
    stolen: "it is taken by",
  };
  return `${DONE[verdict]} ${by}`;
}

function perhapsEnded(way: Way): EndingWords[] {
  return way.steps.filter(isHook).flatMap(({ result }) => result.endings.map(endingWords));
}

/** The last question that routing was asked. */
export function lastRoute(way: Way): RouteStep | undefined {
  return way.steps.filter((step): step is RouteStep => step.kind === "route").at(-1);
}

function isHook(step: HookStep | RouteStep): step is HookStep {
  return step.kind === "hook";
}
