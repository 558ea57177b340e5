import type { Explanation } from "../../diagnose/explain/explanation.ts";
import type { Explainer } from "../../observe/explain.ts";
import { command } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { ConnectionTarget } from "../connection-target.ts";
import type { CommandResult } from "../output.ts";
import { parseCount } from "../whole-number.ts";

interface Flags {
  readonly in?: string;
  readonly new: boolean;
  readonly trace: boolean;
  readonly packets: number;
  readonly seconds: number;
}

/** Tells the journey of one connection through this host. */
export const explain = command<Flags, string[]>({
  brief: "Tell the journey of one connection: its translation, the rules it meets, its route, what may refuse it",
  description: [
    "Says what happens to the packets of a connection on this host, whoever wrote the rules: the entry in the connection",
    "table with what its timer means, what it is translated to and by which rule, at each hook the rules that match it by",
    "handle and text, where routing sends it, the next hop, and how it ends; for a connection that is not there, what its",
    "first packet would meet, and which limit would refuse it. It is found in either direction, as it was sent or as it is",
    "seen outside. Of an address: its connections that matter most, and what a new one would meet.",
    "The kernel itself is asked for routes and entries; rules are read and followed. What cannot be decided from outside",
    "(a rate, a question we do not know) is called `perhaps`. IPv4. Changes nothing.",
    "With --trace the kernel tells the way of the connection's next packets through the rules (those of iptables-legacy",
    "apart): a table of our own, inet meganat-trace, marks them and is removed at the end.",
    "Exit status 1 if the packets, or their answers, do not get through.",
  ].join("\n"),
  examples: [
    ["meganat explain 10.64.1.9:40000 198.51.100.80:443 tcp", "the connection, or what a new one would meet"],
    ["meganat explain '203.0.113.11:2345>198.51.100.80:443/tcp'", "the same as it is seen outside"],
    ["meganat explain 10.64.1.9", "what this host has, and what a new connection of it would meet"],
    ["meganat explain 198.51.100.7:50000 203.0.113.2:8080 tcp --in wan", "what a port forward does with it"],
    ["meganat explain 10.64.1.9:40000 198.51.100.80:443 tcp --trace", "then watch its next packets pass the rules"],
  ],
  json: [
    [
      "explanations",
      "one, or of an address several: { kind, verdict, passes, protocol, tuple, connection?, translations, ways, limits, concerns, unknown }",
    ],
    ["explanations[].kind", "`connection`, it is in the table; `new`, what a new one would meet"],
    ["explanations[].passes", "`yes`, `no` or `perhaps`"],
    ["explanations[].ways", "of packets and answers: { packet, from, steps, end, passes, text, alternatives? }"],
    [
      "explanations[].ways[].steps",
      "{ kind: hook, hook, passes, rules, endings } or { kind: route, destination, text, interface?, via?, neighbour?, mtu?, refused? }",
    ],
    ["explanations[].limits", "{ id, state, text, chance?, remedy? }; state `refuses`, `may-refuse` or `room`"],
    ["traced", "with --trace: of each packet { direction, from, lines, end, dropped, differences? }"],
    ["explanations[].concerns", "findings of `meganat doctor` that concern it: { id, title, severity, summary, page }"],
  ],
  parameters: {
    flags: {
      in: {
        kind: "parsed",
        brief: "Interface by which its first packet comes in; default: that of the route to its source",
        placeholder: "interface",
        parse: String,
        optional: true,
      },
      new: { kind: "boolean", brief: "What a new connection would meet, even if there is one", default: false },
      trace: { kind: "boolean", brief: "Then tell the way of its next packets as the kernel sees it", default: false },
      packets: {
        kind: "parsed",
        brief: "With --trace: end after so many packets",
        placeholder: "number",
        parse: (text) => parseCount(text, 1, 1000),
        default: "10",
      },
      seconds: {
        kind: "parsed",
        brief: "With --trace: end after so long",
        placeholder: "seconds",
        parse: (text) => parseCount(text, 1, 3600),
        default: "10",
      },
    },
    positional: {
      kind: "array",
      parameter: {
        brief: "Both ends and the protocol, an address, or a line of conntrack -L",
        placeholder: "tuple",
        parse: String,
      },
      minimum: 1,
    },
  },
  run: async ({ output, netns }, flags, ...words) => {
    const [{ parseConnectionTarget }, { openExplainer }, { explanationText }] = await Promise.all([
      import("../connection-target.ts"),
      import("../../observe/explain.ts"),
      import("../explain-text.ts"),
    ]);
    const target = parseConnectionTarget(words.join(" "));
    if (flags.trace && target.kind === "address") {
      throw new CommandError(
        { code: "usage", message: "an address alone cannot be traced", remedy: "name both ends of one connection" },
        2,
      );
    }
    const explainer = await openExplainer({
      seconds: SECONDS,
      onStep: (step) => output.progress(step),
      ...(netns === undefined ? {} : { namespace: netns }),
    });
    const explanations = await explainTarget(explainer, target, flags, netns);
    const whole = result(explanations, (explanation) => explanationText(explanation, output.paint));
    const [one] = explanations;
    if (!flags.trace || one === undefined) return whole;
    output.say(whole.text ?? "");
    const { traceCommand } = await import("../explain-trace.ts");
    const { traced, text } = await traceCommand({ output, netns, explainer, explanation: one, ...flags });
    return { ...whole, json: { ...whole.json, traced }, text };
  },
});

/** Long enough to see drops that go on. */
const SECONDS = 1;

async function explainTarget(
  explainer: Explainer,
  target: ConnectionTarget,
  flags: Flags,
  netns: string | undefined,
): Promise<Explanation[]> {
  const incoming = flags.in === undefined ? {} : { incoming: flags.in };
  if (target.kind === "connection") {
    const { tuple } = target;
    const protocol = target.protocol ?? PROTOCOLS.find((one) => explainer.find(one, tuple) !== undefined) ?? TCP;
    return [explainer.explain({ protocol, tuple, asNew: flags.new, ...incoming })];
  }
  const { readConnectionsOf } = await import("../../observe/explain/connections-of.ts");
  const { flows, likely } = readConnectionsOf(netns, target.address);
  const standing = flags.new ? [] : flows;
  return [
    ...standing.map(({ protocol, original }) => explainer.explain({ protocol, tuple: original, ...incoming })),
    explainer.explain({ ...likely, asNew: true, ...incoming }),
  ];
}

const TCP = 6;
const PROTOCOLS = [TCP, 17];

function result(explanations: readonly Explanation[], text: (one: Explanation) => string): CommandResult {
  return {
    json: { explanations },
    text: explanations.map(text).join(`\n\n${"-".repeat(RULER)}\n`),
    status: explanations.some(({ passes }) => passes === "no") ? 1 : 0,
  };
}

const RULER = 80;
