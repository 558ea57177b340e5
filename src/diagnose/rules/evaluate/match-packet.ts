import type { FinalVerdict } from "../expression.ts";
import type { Packet, Surroundings } from "../packet.ts";
import type { BaseChain, Chain, Hook, Rule, Ruleset } from "../ruleset.ts";
import type { Translation } from "../statement.ts";
import { all, type Certainty } from "./certainty.ts";
import type { Context } from "./evaluate.ts";
import { chainsAt } from "./hook-order.ts";
import { askRule, type Decision, type Stolen } from "./rule.ts";
import { copyOf, mergeInto, packetFrom, stateAt, UNKNOWN_ADDRESS, withoutConnection, type State } from "./state.ts";
import { translate, translatedSide } from "./translate.ts";

/** A rule that the packet comes to and passes, or may. */
export interface Hit {
  readonly rule: Rule;
  readonly matches: "yes" | "perhaps";
  /** Whether its counter counts the packet; undefined if it has none. */
  readonly counts?: Certainty;
}

/** Something that ends the packet's way: a rule, or the policy of a chain. */
export interface Ending {
  readonly verdict: "drop" | "reject" | "queue" | "stolen";
  readonly certainty: "yes" | "perhaps";
  /** Undefined: the chain's policy. */
  readonly rule?: Rule;
  /** The base chain in which it happens. */
  readonly chain: Chain;
}

/** A rule of a nat chain that translates the connection. */
export interface RuleTranslation {
  readonly rule: Rule;
  readonly certainty: "yes" | "perhaps";
  readonly translation: Translation;
  /** What the translated side of the packet becomes, as far as the rule fixes it. */
  readonly to: { readonly address?: string; readonly port?: number };
}

/** What the rules of one hook do with a packet. */
export interface HookResult {
  /** In the order in which the packet meets them. */
  readonly hits: readonly Hit[];
  /** Rules and policies that end the way. If the first is certain, it is the only one. */
  readonly endings: readonly Ending[];
  /** Whether the packet leaves the hook alive. */
  readonly passes: Certainty;
  readonly translations: readonly RuleTranslation[];
  /** The packet afterwards; what is no longer known is left out, an unknown address is "?". */
  readonly packet: Packet;
}

/** conntrack's priority at prerouting and output: before it, packets belong to no connection. */
const CONNTRACK_PRIORITY = -200;

/**
 * Walks the chains of a hook with a packet, as the kernel does: base chains by priority, jumps, policies. A rule with
 * something undecidable matches perhaps, and the walk goes on both ways.
 */
export function matchPacket(ruleset: Ruleset, packet: Packet, hook: Hook, surroundings: Surroundings = {}): HookResult {
  return new Walk(ruleset, hook, packet, { sets: ruleset.sets, surroundings }).run();
}

class Walk {
  readonly #hits: Hit[] = [];
  readonly #endings: Ending[] = [];
  readonly #translations: RuleTranslation[] = [];
  readonly #ruleset: Ruleset;
  readonly #hook: Hook;
  readonly #packet: Packet;
  readonly #context: Context;
  #base: Chain | undefined;
  /** Whether the packet may leave the base chain by an accept. */
  #accepts = false;

  constructor(ruleset: Ruleset, hook: Hook, packet: Packet, context: Context) {
    this.#ruleset = ruleset;
    this.#hook = hook;
    this.#packet = packet;
    this.#context = context;
  }

  run(): HookResult {
    const state = stateAt(this.#packet, this.#hook);
    let alive: Certainty = "yes";
    for (const chain of chainsAt(this.#ruleset, this.#hook, state.family, this.#packet.inInterface)) {
      const entered = all([alive, this.#enters(chain.base, state)]);
      if (entered === "no") continue;
      const before = this.#endings.length;
      this.#base = chain;
      this.#accepts = false;
      const seen = this.#beforeConntrack(chain.base) ? withoutConnection(state, "invalid") : state;
      const through = this.#chain(chain, seen, entered, new Set());
      if (seen !== state) keepMarks(state, seen);
      if (through !== "no" && chain.base.policy === "drop") {
        this.#endings.push({ verdict: "drop", certainty: certain(all([entered, through])), chain });
      }
      const out = this.#accepts || (through !== "no" && chain.base.policy === "accept");
      if (!out && entered === "yes") alive = "no";
      else if (this.#endings.length > before) alive = "perhaps";
      if (alive === "no") break;
    }
    return {
      hits: this.#hits,
      endings: this.#endings,
      passes: alive,
      translations: this.#translations,
      packet: packetFrom(state, this.#packet),
    };
  }

  /** nat chains see the first packet of a connection only, until one of them has translated it. */
  #enters({ type }: BaseChain, state: State): Certainty {
    if (type !== "nat") return "yes";
    const status = state.fields.get("ct-state");
    if (status?.kind === "absent") return "no";
    if (status?.kind === "number" && status.unknown === 0n && (status.bits & 12n) === 0n) return "no";
    if (this.#packet.connection?.direction === "reply") return "no";
    if (this.#translations.some(({ certainty }) => certainty === "yes")) return "no";
    const already = translatedSide(this.#hook) === "source" ? "snat" : "dnat";
    if (this.#packet.connection?.status?.includes(already) === true) return "no";
    return this.#translations.length > 0 || status?.kind !== "number" ? "perhaps" : "yes";
  }

  #beforeConntrack({ priority, type }: BaseChain): boolean {
    return type !== "nat" && priority < CONNTRACK_PRIORITY && (this.#hook === "prerouting" || this.#hook === "output");
  }

  /** Says whether the packet comes out at the end of the chain, or by a return. */
  #chain(chain: Chain, state: State, entered: Certainty, above: ReadonlySet<string>): Certainty {
    let here: Certainty = "yes";
    let [mayEnd, mayReturn] = [false, false];
    for (const rule of chain.rules) {
      const { matches, counts, decisions, exhaustive } = askRule(rule, state, this.#context);
      const reached = all([entered, here]);
      if (matches !== "no" || (counts !== undefined && counts !== "no")) {
        this.#hits.push({
          rule,
          matches: certain(all([reached, matches])),
          ...(counts === undefined ? {} : { counts: all([reached, counts]) }),
        });
      }
      let goesOn = !exhaustive;
      for (const { what, certainty } of decisions) {
        const sure = certainty === "yes";
        const way = certain(all([reached, certainty]));
        if (what.kind === "jump" || what.kind === "goto") {
          const target = this.#ruleset.chains.get(what.chain);
          const branch = sure ? state : copyOf(state);
          const through =
            target === undefined || above.has(target.id)
              ? "perhaps"
              : this.#chain(target, branch, way, new Set([...above, chain.id]));
          if (!sure) mergeInto(state, branch);
          if (through !== "yes") mayEnd = true;
          if (what.kind === "jump" && through !== "no") goesOn = true;
          if (what.kind === "goto") {
            if (sure)
              return mayReturn && through === "no" ? "perhaps" : mayEnd && through === "yes" ? "perhaps" : through;
            if (through !== "no") mayReturn = true;
            here = "perhaps";
          } else if (through === "no" && sure) return mayReturn ? "perhaps" : "no";
          else if (through !== "yes") here = "perhaps";
        } else if (what.kind === "return") {
          if (sure) return mayEnd ? "perhaps" : "yes";
          mayReturn = true;
          here = "perhaps";
        } else if (isFinal(what)) {
          this.#end(what, rule, way, state, sure);
          if (sure) return mayReturn ? "perhaps" : "no";
          mayEnd = true;
          here = "perhaps";
        } else goesOn = true;
      }
      if (!goesOn) return mayReturn ? "perhaps" : "no";
    }
    return mayEnd ? "perhaps" : "yes";
  }

  #end(
    what: FinalVerdict | Stolen | Translation,
    rule: Rule,
    certainty: "yes" | "perhaps",
    state: State,
    sure: boolean,
  ): void {
    const chain = this.#base;
    if (chain === undefined) return;
    if (what.kind === "accept" || "flags" in what) this.#accepts = true;
    if (what.kind === "accept") return;
    if ("flags" in what) {
      const branch = sure ? state : copyOf(state);
      translate(what, this.#hook, branch, this.#context);
      const side = translatedSide(this.#hook);
      const { [side]: address, [`${side}Port` as const]: port } = packetFrom(branch, this.#packet);
      const to = { ...(address === UNKNOWN_ADDRESS ? {} : { address }), ...(port === undefined ? {} : { port }) };
      if (!sure) mergeInto(state, branch);
      this.#translations.push({ rule, certainty, translation: what, to });
    } else this.#endings.push({ verdict: what.kind, certainty, rule, chain });
  }
}

function isFinal(what: Decision["what"]): what is FinalVerdict | Stolen | Translation {
  return what.kind !== "jump" && what.kind !== "goto" && what.kind !== "return" && what.kind !== "continue";
}

/** What rules before conntrack changed stays; that they saw no connection does not. */
function keepMarks(state: State, seen: State): void {
  for (const [name, value] of seen.fields) if (!name.startsWith("ct-")) state.fields.set(name, value);
  const tracked = seen.fields.get("ct-state");
  // Not tracked by a rule: that lasts.
  if (tracked?.kind === "number" && tracked.bits !== 1n) {
    for (const [name, value] of seen.fields) if (name.startsWith("ct-")) state.fields.set(name, value);
  }
}

function certain(certainty: Certainty): "yes" | "perhaps" {
  return certainty === "yes" ? "yes" : "perhaps";
}
