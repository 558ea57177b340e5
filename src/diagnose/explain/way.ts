import { UNKNOWN_ADDRESS } from "../rules/evaluate/state.ts";
import type { Certainty } from "../rules/evaluate/certainty.ts";
import type { HookResult } from "../rules/evaluate/match-packet.ts";
import { choicesOf } from "../rules/journey.ts";
import type { Packet, Surroundings } from "../rules/packet.ts";
import type { Hook, Ruleset } from "../rules/ruleset.ts";
import { passHook, type Mapping } from "./pass-hook.ts";

/** What is asked of routing. */
export interface RouteQuestion {
  readonly source: string;
  readonly destination: string;
  /** Absent: the host itself sends it. */
  readonly incoming?: string;
  readonly mark?: number;
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** Why a packet is not routed. */
export type Refusal =
  | "no-route"
  | "forwarding-off"
  | "rp-filter"
  | "martian"
  | "blackhole"
  | "unreachable"
  | "prohibit"
  | "no-interface";

/** What routing says. */
export type RouteReply =
  | {
      readonly kind: "leaves" | "local";
      readonly interface: string;
      /** Next hop, if it is not the destination. */
      readonly via?: string;
      /** As ip-route(8) writes the route that fits, and the policy rule that led to it; where they are known. */
      readonly route?: string;
      readonly rule?: string;
      /** Of the route, if it has one of its own. */
      readonly mtu?: number;
    }
  | { readonly kind: "refused"; readonly why: Refusal; readonly detail: string }
  /** The destination is not known. */
  | { readonly kind: "unknown" };

/** What the rules of one hook do. */
export interface HookStep {
  readonly kind: "hook";
  readonly hook: Hook;
  /** The packet as it comes to it. */
  readonly before: Packet;
  readonly result: HookResult;
}

/** What routing does. */
export interface RouteStep {
  readonly kind: "route";
  readonly question: RouteQuestion;
  readonly reply: RouteReply;
}

/** The way of one packet through the host. */
export interface Way {
  /** As it begins. */
  readonly packet: Packet;
  readonly steps: readonly (HookStep | RouteStep)[];
  /** `leaves` by an interface, `arrives` at a program, `ended` by a rule, `refused` by routing, `unknown`, `splits`. */
  readonly end: "leaves" | "arrives" | "ended" | "refused" | "unknown" | "splits";
  /** Whether it gets there, as far as the rules say. */
  readonly passes: Certainty;
  /** The ways from routing on, one for each destination that rules may choose. */
  readonly alternatives?: readonly Way[];
  /** At its end. */
  readonly after: Packet;
}

/** What a walk needs to know. */
export interface Ground {
  /** Absent: nobody may read the rules. */
  readonly rules?: Ruleset;
  readonly surroundings: Surroundings;
  readonly route: (question: RouteQuestion) => RouteReply;
}

/** Where a packet comes from: a network, by `inInterface`, or the host itself. */
export type Origin = "network" | "host";

/**
 * Follows a packet from where it comes in, or from the program that sends it, to where it leaves or arrives. `mapping`:
 * what its connection makes of it; without one, rules that translate are asked, as for a connection's first packet.
 */
export function followWay(ground: Ground, packet: Packet, origin: Origin, mapping?: Mapping): Way {
  return origin === "host" ? sent(ground, packet, mapping) : arrived(ground, packet, mapping);
}

class Steps {
  readonly list: (HookStep | RouteStep)[] = [];
  passes: Certainty = "yes";
  readonly #ground: Ground;
  readonly #mapping: Mapping | undefined;

  constructor(ground: Ground, mapping: Mapping | undefined) {
    this.#ground = ground;
    this.#mapping = mapping;
  }

  /** Undefined: it ended there. */
  hook(hook: Hook, packet: Packet): HookResult | undefined {
    const { rules, surroundings } = this.#ground;
    if (rules === undefined) this.passes = "perhaps";
    const result = passHook(rules ?? NO_RULES, packet, hook, this.#mapping, surroundings);
    this.list.push({ kind: "hook", hook, before: packet, result });
    if (result.passes !== "yes") this.passes = result.passes;
    return result.passes === "no" ? undefined : result;
  }

  route(packet: Packet, incoming?: string): RouteReply {
    const question = questionOf(packet, incoming);
    const reply: RouteReply =
      packet.destination === UNKNOWN_ADDRESS ? { kind: "unknown" } : this.#ground.route(question);
    this.list.push({ kind: "route", question, reply });
    return reply;
  }

  end(packet: Packet, end: Way["end"], after: Packet): Way {
    const passes = end === "ended" || end === "refused" ? "no" : end === "unknown" ? "perhaps" : this.passes;
    return { packet, steps: this.list, end, passes, after };
  }

  /** The packet after the last hook it came to. */
  get last(): Packet | undefined {
    const step = this.list.findLast((one) => one.kind === "hook");
    return step?.kind === "hook" ? step.result.packet : undefined;
  }
}

const NO_RULES: Ruleset = { chains: new Map(), sets: new Map(), unread: [] };

function arrived(ground: Ground, packet: Packet, mapping: Mapping | undefined): Way {
  const steps = new Steps(ground, mapping);
  const seen = steps.hook("prerouting", packet);
  if (seen === undefined) return steps.end(packet, "ended", steps.last ?? packet);
  const choices = choicesOf(seen);
  if (choices.length > 0) {
    const alternatives = choices.map((choice) => onwards(ground, choice, mapping, false));
    const passes = alternatives.every((way) => way.passes === "yes") ? "yes" : "perhaps";
    return { ...steps.end(packet, "splits", seen.packet), passes, alternatives };
  }
  const redirected = seen.translations.some(
    ({ certainty, translation }) => certainty === "yes" && translation.kind === "redirect",
  );
  const way = onwards(ground, seen.packet, mapping, redirected);
  const passes = steps.passes === "perhaps" && way.passes === "yes" ? "perhaps" : way.passes;
  return { ...way, packet, passes, steps: [...steps.list, ...way.steps] };
}

/** From the routing decision on, for a packet that came in. */
function onwards(ground: Ground, packet: Packet, mapping: Mapping | undefined, redirected: boolean): Way {
  const steps = new Steps(ground, mapping);
  const reply: RouteReply = redirected ? { kind: "local", interface: "lo" } : steps.route(packet, packet.inInterface);
  if (reply.kind === "refused") return steps.end(packet, "refused", packet);
  if (reply.kind === "unknown") return steps.end(packet, "unknown", packet);
  if (reply.kind === "local") {
    const taken = steps.hook("input", packet);
    return steps.end(packet, taken === undefined ? "ended" : "arrives", taken?.packet ?? steps.last ?? packet);
  }
  const forwarded = steps.hook("forward", { ...packet, outInterface: reply.interface });
  if (forwarded === undefined) return steps.end(packet, "ended", steps.last ?? packet);
  return leave(steps, packet, forwarded.packet);
}

function sent(ground: Ground, packet: Packet, mapping: Mapping | undefined): Way {
  const steps = new Steps(ground, mapping);
  const first = steps.route(packet);
  if (first.kind === "refused") return steps.end(packet, "refused", packet);
  const out = first.kind === "unknown" ? undefined : first.interface;
  const passed = steps.hook("output", { ...packet, ...(out === undefined ? {} : { outInterface: out }) });
  if (passed === undefined) return steps.end(packet, "ended", steps.last ?? packet);
  let leaving = passed.packet;
  // What output translated or marked is routed again (ip_route_me_harder).
  if (leaving.destination !== packet.destination || leaving.mark !== packet.mark) {
    const again = steps.route(leaving);
    if (again.kind === "refused") return steps.end(packet, "refused", leaving);
    if (again.kind === "unknown") return steps.end(packet, "unknown", leaving);
    leaving = { ...leaving, outInterface: again.interface };
  } else if (out === undefined) return steps.end(packet, "unknown", leaving);
  return leave(steps, packet, leaving);
}

function leave(steps: Steps, packet: Packet, leaving: Packet): Way {
  const left = steps.hook("postrouting", leaving);
  return steps.end(packet, left === undefined ? "ended" : "leaves", left?.packet ?? steps.last ?? leaving);
}

function questionOf(packet: Packet, incoming: string | undefined): RouteQuestion {
  const { source, destination, mark, protocol, sourcePort, destinationPort } = packet;
  return {
    source,
    destination,
    protocol,
    ...(incoming === undefined ? {} : { incoming }),
    ...(mark === undefined || mark === 0 ? {} : { mark }),
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
  };
}
