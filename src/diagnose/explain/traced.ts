import { describePolicy } from "../rules/describe.ts";
import { UNKNOWN_ADDRESS } from "../rules/evaluate/state.ts";
import type { Chain, Hook, Rule, Ruleset } from "../rules/ruleset.ts";
import type { RuleWords, WayWords } from "./explanation.ts";
import { endWords, ruleWords } from "./words.ts";

/** The headers of a traced packet. */
export interface TracedEnds {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly length: number;
  readonly tcpFlags?: readonly string[];
}

/** A rule that matched, a chain that returned, a policy. */
export interface TracedStep {
  readonly kind: "rule" | "return" | "policy";
  /** `family/table/chain`. */
  readonly chainId: string;
  readonly handle?: number;
  readonly verdict?: string;
  /** The chain that is jumped to. */
  readonly target?: string;
}

/** A packet whose way the kernel told. */
export interface TracedPacket {
  readonly direction: "packet" | "answer";
  /** As it came to the first rule. */
  readonly began?: TracedEnds;
  /** As the last base chain saw it. */
  readonly ended?: TracedEnds;
  readonly incoming?: string;
  readonly outgoing?: string;
  /** It got past the last rule: out of the host, or to a program of it. */
  readonly reached?: "left" | "arrived";
  readonly steps: readonly TracedStep[];
}

/** One step in words. */
export interface TracedLine {
  readonly hook?: Hook;
  readonly text: string;
  readonly rule?: RuleWords;
  readonly verdict?: string;
}

/** A traced packet in words. */
export interface TraceWords {
  readonly direction: TracedPacket["direction"];
  /** `10.64.1.9:40000 > 198.51.100.80:443 (syn), in by lan`. */
  readonly from: string;
  readonly lines: readonly TracedLine[];
  /** Where it went, in one sentence. */
  readonly end: string;
  readonly dropped: boolean;
  /** How it went otherwise than foreseen, one sentence each; absent: nothing was foreseen. */
  readonly differences?: readonly string[];
}

/** Chains before this are not seen of answers that nobody could foresee: they are marked only when conntrack knows them. */
const MARKED_AT = -199;

/** Puts a traced packet into words, beside what was foreseen for it. */
export function traceWords(packet: TracedPacket, rules: Ruleset, foreseen: WayWords | undefined): TraceWords {
  const byHandle = new Map<string, Rule>();
  for (const chain of rules.chains.values()) {
    for (const rule of chain.rules) if (rule.handle !== undefined) byHandle.set(`${chain.id}/${rule.handle}`, rule);
  }
  const lines: TracedLine[] = [];
  const seen: string[] = [];
  let hook: Hook | undefined;
  let dropped: TracedLine | undefined;
  for (const step of packet.steps) {
    const chain = rules.chains.get(step.chainId);
    hook = chain?.base?.hook ?? hook;
    const rule = step.handle === undefined ? undefined : byHandle.get(`${step.chainId}/${step.handle}`);
    if (rule !== undefined && step.kind === "rule") seen.push(rule.id);
    const line: TracedLine = {
      ...(hook === undefined ? {} : { hook }),
      text: stepText(step, chain, rule),
      ...(rule === undefined ? {} : { rule: ruleWords(rule) }),
      ...(step.verdict === undefined ? {} : { verdict: step.verdict }),
    };
    lines.push(line);
    if (step.verdict === "drop") dropped = line;
  }
  return {
    direction: packet.direction,
    from: beganText(packet),
    lines,
    end: endText(packet, hook, dropped),
    dropped: dropped !== undefined,
    ...(foreseen === undefined ? {} : { differences: differencesOf(seen, foreseen, rules, packet) }),
  };
}

function stepText(
  { kind, chainId, handle, verdict, target }: TracedStep,
  chain: Chain | undefined,
  rule: Rule | undefined,
): string {
  const name = chainId.replaceAll("/", " ");
  if (kind === "policy") {
    if (chain !== undefined) return describePolicy(chain);
    return `policy ${verdict ?? "accept"} of chain ${name}`;
  }
  if (kind === "return") return `end of chain ${name}`;
  const then =
    verdict === undefined || verdict === "continue"
      ? "goes on"
      : `${verdict}${target === undefined ? "" : ` to ${target}`}`;
  if (rule === undefined)
    return `rule handle ${handle ?? UNKNOWN_ADDRESS} of chain ${name}, made since the rules were read: ${then}`;
  const { place, owner, text } = ruleWords(rule);
  return `${place}${owner === undefined ? "" : ` (${owner})`}: ${text} -> ${then}`;
}

function beganText({ began, incoming }: TracedPacket): string {
  const flags = began?.tcpFlags === undefined || began.tcpFlags.length === 0 ? "" : ` (${began.tcpFlags.join(" ")})`;
  return `${endsText(began)}${flags}, ${incoming === undefined ? "sent by this host" : `in by ${incoming}`}`;
}

function endsText(ends: TracedEnds | undefined): string {
  if (ends === undefined) return "a packet";
  const { source, sourcePort, destination, destinationPort } = ends;
  const ports = sourcePort !== undefined;
  return `${endWords(source, sourcePort, ports)} > ${endWords(destination, destinationPort, ports)}`;
}

function endText(packet: TracedPacket, hook: Hook | undefined, dropped: TracedLine | undefined): string {
  if (dropped !== undefined) return `dropped by ${dropped.text.replace(/ -> drop$/, "")}`;
  const { ended, outgoing, reached } = packet;
  if (reached === "left") return `left by ${outgoing ?? "an interface"} as ${endsText(ended)}`;
  if (reached === "arrived") return `arrived at this host as ${endsText(ended)}`;
  return `lost after ${hook ?? "its beginning"}, by no rule: routing refused it, or a program took it; last seen as ${endsText(ended)}`;
}

/** Rules foreseen for sure that the kernel did not tell of, and rules it told of that were not foreseen. */
function differencesOf(
  seen: readonly string[],
  foreseen: WayWords,
  rules: Ruleset,
  { direction }: TracedPacket,
): string[] {
  const ways = [foreseen, ...(foreseen.alternatives ?? [])];
  const hits = ways.flatMap(({ steps }) => steps.flatMap((step) => (step.kind === "hook" ? step.rules : [])));
  const untold = new Set(
    [...rules.chains.values()].flatMap((chain) => {
      // The older packet filter has traces of its own; of answers the first chains are not seen.
      const early = direction === "answer" && (chain.base?.priority ?? 0) < MARKED_AT;
      return early || chain.program.endsWith("legacy") ? chain.rules.map(({ id }) => id) : [];
    }),
  );
  const told = new Set(seen);
  const known = new Set(hits.map(({ id }) => id));
  const only = foreseen.alternatives === undefined;
  const missing = hits.filter(({ id, matches }) => only && matches === "yes" && !told.has(id) && !untold.has(id));
  const places = new Map(
    [...rules.chains.values()].flatMap(({ rules: list }) => list.map((rule) => [rule.id, ruleWords(rule).place])),
  );
  return [
    ...missing.map(({ place }) => `${place} was foreseen to match, and did not`),
    ...[...told].filter((id) => !known.has(id)).map((id) => `${places.get(id) ?? id} matched, and was not foreseen to`),
  ];
}
