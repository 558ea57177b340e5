import type { Explanation } from "../diagnose/explain/explanation.ts";
import { traceWords, type TraceWords } from "../diagnose/explain/traced.ts";
import type { Ruleset } from "../diagnose/rules/ruleset.ts";
import type { Explainer } from "../observe/explain.ts";
import { tracePackets } from "../observe/explain/trace.ts";
import type { Output } from "./output.ts";
import { hang } from "./text-layout.ts";
import { untilStopped } from "./until-stopped.ts";

const WIDTH = 120;

/** What to trace, and what was foreseen. */
export interface TraceCommand {
  readonly output: Output;
  readonly netns: string | undefined;
  readonly explainer: Explainer;
  readonly explanation: Explanation;
  readonly packets: number;
  readonly seconds: number;
}

/** Prints the way of each packet as it comes; gives all of them, and the last line. */
export async function traceCommand(command: TraceCommand): Promise<{ traced: TraceWords[]; text: string }> {
  const { output, netns, explainer, explanation, packets, seconds } = command;
  const { protocol, tuple, connection, ways } = explanation;
  const rules: Ruleset = explainer.signals.rules ?? { chains: new Map(), sets: new Map(), unread: [] };
  const traced: TraceWords[] = [];
  const legacy = [...rules.chains.values()].some(({ program }) => program.endsWith("legacy"));
  const told = await untilStopped((signal) =>
    tracePackets({
      ...(netns === undefined ? {} : { namespace: netns }),
      protocol,
      tuple,
      ...(connection === undefined ? {} : { flow: connection.flow }),
      packets,
      seconds,
      signal,
      onReady: () => {
        output.say("");
        if (legacy) output.say("The rules of iptables-legacy tell nothing in a trace: only the others are shown.");
        output.progress(`tracing up to ${packets} packets, for ${seconds} s`);
      },
      onPacket: (packet) => {
        // What a later packet of it meets was not foreseen.
        const isNext = traced.every(({ direction }) => direction !== packet.direction);
        const way = ways.find((one) => (one.packet === "answer") === (packet.direction === "answer"));
        const words = traceWords(packet, rules, isNext ? way : undefined);
        traced.push(words);
        output.say(tracedText(words, output.paint));
      },
    }),
  );
  return { traced, text: told === 0 ? `No packet of it came in ${seconds} s.` : `${told} packets traced.` };
}

/** One packet for people. */
export function tracedText(
  { direction, from, lines, end, dropped, differences }: TraceWords,
  paint: Output["paint"],
): string {
  let last: string | undefined;
  const steps = lines.flatMap(({ hook, text }) => {
    const head = hook === last ? [] : [`  ${hook ?? "?"}:`];
    last = hook;
    return [...head, ...hang("    ", text, WIDTH)];
  });
  const foreseen =
    differences === undefined
      ? []
      : differences.length === 0
        ? ["     as foreseen"]
        : differences.flatMap((text) => hang("     otherwise than foreseen: ", text, WIDTH));
  return [
    paint("heading", `${direction === "answer" ? "An answer" : "A packet"}: ${from}`),
    ...steps,
    ...hang("  => ", end, WIDTH).map((line) => paint(dropped ? "bad" : "good", line)),
    ...foreseen,
  ].join("\n");
}
