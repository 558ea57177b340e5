import { UNKNOWN_ADDRESS } from "./evaluate/state.ts";
import { matchPacket, type Ending, type HookResult } from "./evaluate/match-packet.ts";
import type { Packet, Surroundings } from "./packet.ts";
import type { Hook, Ruleset } from "./ruleset.ts";

/** Where routing sends a packet that came in. */
export type Route =
  | { readonly kind: "forward"; readonly outInterface: string }
  | { readonly kind: "local" }
  /** Nobody knows, or there is no route. */
  | { readonly kind: "none" };

/** One hook on the way. */
export interface Stage {
  readonly hook: Hook;
  readonly result: HookResult;
}

/** The way of a packet that came in through an interface. */
export interface Journey {
  readonly stages: readonly Stage[];
  /** `splits`: it goes one of the ways of `alternatives`, nobody knows which. */
  readonly end: "leaves" | "arrives" | "ended" | "no-route" | "splits";
  /** The ways from routing on, one for each destination that rules may choose. */
  readonly alternatives?: readonly Journey[];
  /** What ended it, or may have. */
  readonly endings: readonly Ending[];
  /** False if an undecidable question may have led elsewhere. */
  readonly certain: boolean;
  /** The packet at the end of its way. */
  readonly packet: Packet;
}

/**
 * Follows a packet from prerouting over the routing decision to where it leaves or arrives. `route` is asked with the
 * packet as it is after prerouting: translated and marked.
 */
export function followPacket(
  ruleset: Ruleset,
  packet: Packet,
  route: (packet: Packet) => Route,
  surroundings: Surroundings = {},
): Journey {
  const arrived = matchPacket(ruleset, packet, "prerouting", surroundings);
  const stage: Stage = { hook: "prerouting", result: arrived };
  if (arrived.passes === "no") return journey("ended", [stage], arrived.packet);
  const choices = choicesOf(arrived);
  if (choices.length === 0) return onwards(ruleset, [stage], arrived.packet, wayOf(arrived, route), surroundings);
  const alternatives = choices.map((choice) => onwards(ruleset, [], choice, route(choice), surroundings));
  return { ...journey("splits", [stage], arrived.packet), certain: false, alternatives };
}

/** From the routing decision on. */
function onwards(
  ruleset: Ruleset,
  before: readonly Stage[],
  packet: Packet,
  way: Route,
  surroundings: Surroundings,
): Journey {
  if (way.kind === "none") return journey("no-route", before, packet);
  const stages = [...before];
  const pass = (hook: Hook, at: Packet): HookResult => {
    const result = matchPacket(ruleset, at, hook, surroundings);
    stages.push({ hook, result });
    return result;
  };
  if (way.kind === "local") {
    const taken = pass("input", packet);
    return journey(taken.passes === "no" ? "ended" : "arrives", stages, taken.packet);
  }
  const forwarded = pass("forward", { ...packet, outInterface: way.outInterface });
  if (forwarded.passes === "no") return journey("ended", stages, forwarded.packet);
  const left = pass("postrouting", forwarded.packet);
  return journey(left.passes === "no" ? "ended" : "leaves", stages, left.packet);
}

function journey(end: Journey["end"], stages: readonly Stage[], packet: Packet): Journey {
  const endings = stages.flatMap(({ result }) => result.endings);
  const translations = stages.flatMap(({ result }) => result.translations);
  const certain =
    end === "ended"
      ? endings.length === 1
      : endings.length === 0 && translations.every(({ certainty }) => certainty === "yes");
  return { stages, end, endings, certain, packet };
}

function wayOf(arrived: HookResult, route: (packet: Packet) => Route): Route {
  // A redirected packet is for this host, whichever of its addresses that is.
  const redirected = arrived.translations.some(
    (made) => made.certainty === "yes" && made.translation.kind === "redirect",
  );
  return redirected ? { kind: "local" } : route(arrived.packet);
}

/** The packets that it may be after prerouting, if rules choose between several fixed destinations; else none. */
export function choicesOf({ packet, translations }: HookResult): Packet[] {
  if (packet.destination !== UNKNOWN_ADDRESS || translations.length < 2) return [];
  const choices = translations.map(({ to }) => to);
  if (choices.some(({ address }) => address === undefined)) return [];
  return choices.map(({ address = UNKNOWN_ADDRESS, port }) => {
    const { destinationPort: _, ...rest } = packet;
    return { ...rest, destination: address, ...(port === undefined ? {} : { destinationPort: port }) };
  });
}
