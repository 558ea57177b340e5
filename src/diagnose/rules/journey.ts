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
  readonly end: "leaves" | "arrives" | "ended" | "no-route";
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
  const stages: Stage[] = [];
  const pass = (hook: Hook, at: Packet): HookResult => {
    const result = matchPacket(ruleset, at, hook, surroundings);
    stages.push({ hook, result });
    return result;
  };
  const end = (kind: Journey["end"], at: Packet): Journey => {
    const endings = stages.flatMap(({ result }) => result.endings);
    const translations = stages.flatMap(({ result }) => result.translations);
    const certain =
      kind === "ended"
        ? endings.length === 1
        : endings.length === 0 && translations.every(({ certainty }) => certainty === "yes");
    return { stages, end: kind, endings, certain, packet: at };
  };
  const arrived = pass("prerouting", packet);
  if (arrived.passes === "no") return end("ended", arrived.packet);
  // A redirected packet is for this host, whichever of its addresses that is.
  const redirected = arrived.translations.some(
    (made) => made.certainty === "yes" && made.translation.kind === "redirect",
  );
  const way: Route = redirected ? { kind: "local" } : route(arrived.packet);
  if (way.kind === "none") return end("no-route", arrived.packet);
  if (way.kind === "local") {
    const taken = pass("input", arrived.packet);
    return end(taken.passes === "no" ? "ended" : "arrives", taken.packet);
  }
  const forwarded = pass("forward", { ...arrived.packet, outInterface: way.outInterface });
  if (forwarded.passes === "no") return end("ended", forwarded.packet);
  const left = pass("postrouting", forwarded.packet);
  return end(left.passes === "no" ? "ended" : "leaves", left.packet);
}
