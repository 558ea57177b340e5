import type {
  Explanation,
  HitWords,
  HookWords,
  Limit,
  RouteWords,
  TranslationWords,
  WayWords,
} from "../diagnose/explain/explanation.ts";
import { formatSeconds } from "../diagnose/figures.ts";
import { protocolWord, tupleWords } from "../diagnose/flow-words.ts";
import type { Output } from "./output.ts";
import { hang } from "./text-layout.ts";

type Paint = Output["paint"];

const WIDTH = 120;
const PACKETS: Readonly<Record<WayWords["packet"], string>> = {
  first: "The first packet",
  next: "The next packet",
  answer: "The answer",
};
const STYLES = { yes: "good", no: "bad", perhaps: "warning" } as const;

/** The journey for people. */
export function explanationText(explanation: Explanation, paint: Paint): string {
  const { connection, translations, ways, limits, concerns, unknown } = explanation;
  const lines = [...paintFirst(hang("", explanation.verdict, WIDTH), STYLES[explanation.passes], paint)];
  if (connection !== undefined) lines.push("", ...connectionLines(explanation, paint));
  if (translations.length > 0)
    lines.push("", paint("heading", "Translation"), ...translations.flatMap(translationLines));
  for (const way of ways) lines.push("", ...wayLines(way, PACKETS[way.packet], paint));
  if (limits.length > 0) {
    lines.push(
      "",
      paint("heading", "What may refuse a new one"),
      ...limits.flatMap((limit) => limitLines(limit, paint)),
    );
  }
  if (concerns.length > 0) {
    lines.push("", paint("heading", "What the doctor finds that concerns it"));
    for (const { id, severity, title, summary } of concerns)
      lines.push(...hang(`  [${severity}] ${id}: `, `${title}: ${summary}`, WIDTH));
  }
  if (unknown.length > 0) {
    lines.push("", paint("heading", "What is not known"), ...unknown.flatMap((text) => hang("  ", text, WIDTH)));
  }
  return lines.join("\n");
}

function paintFirst(lines: string[], style: "good" | "bad" | "warning", paint: Paint): string[] {
  return lines.map((line) => paint(style, line));
}

function connectionLines({ connection, protocol }: Explanation, paint: Paint): string[] {
  if (connection === undefined) return [];
  const { flow, timer, says } = connection;
  const { original, reply, state, status } = flow;
  const left = `${formatSeconds(timer.seconds)} left`;
  const of = timer.full === undefined ? "" : ` of ${formatSeconds(timer.full)} (${timer.setting})`;
  const name = `${protocolWord(protocol)}${state === undefined ? "" : ` ${state}`}`;
  return [
    `${paint("heading", "In the connection table")}: ${name} (${status.filter((word) => word !== "confirmed").join(", ")})`,
    `  packets: ${tupleWords(protocol, original)}`,
    `  answers: ${tupleWords(protocol, reply)}`,
    ...hang("  timer:   ", `${left}${of}: ${timer.meaning}`, WIDTH),
    ...says.flatMap((text) => hang("  ", text, WIDTH)),
  ];
}

function translationLines({ side, from, to, certainty, rule }: TranslationWords): string[] {
  const perhaps = certainty === "perhaps" ? " perhaps" : "";
  const by =
    rule === undefined
      ? ["    by no rule that is there now: it was made before the rules were changed, or by the kernel itself"]
      : hang("    by ", `${rule.place}${rule.owner === undefined ? "" : ` (${rule.owner})`}: ${rule.text}`, WIDTH);
  return [...hang(`  ${side} ${from}${perhaps} becomes `, to, WIDTH), ...by];
}

function wayLines(way: WayWords, title: string, paint: Paint, indent = ""): string[] {
  const lines = way.steps.flatMap((step) => (step.kind === "hook" ? hookLines(step, paint) : routeLines(step, paint)));
  const ways = (way.alternatives ?? []).flatMap((one, index) => wayLines(one, `either ${index + 1}`, paint, "  "));
  const end = hang("  => ", way.text, WIDTH - indent.length).map((line) => paint(STYLES[way.passes], line));
  return [paint("heading", `${title}: ${way.from}`), ...lines, ...ways, ...end].map((line) => indent + line);
}

function hookLines({ hook, rules, passes }: HookWords, paint: Paint): string[] {
  const verdict = passes === "yes" ? "passes" : passes === "no" ? "ends here" : "perhaps ends here";
  const none = rules.length === 0 ? ", no rule concerns it" : "";
  return [`  ${hook}: ${paint(STYLES[passes], verdict)}${none}`, ...rules.flatMap(ruleLines)];
}

function ruleLines({ matches, place, owner, text }: HitWords): string[] {
  const words = `${matches === "perhaps" ? "perhaps " : ""}${place}${owner === undefined ? "" : ` (${owner})`}: ${text}`;
  return hang("    ", words, WIDTH);
}

function routeLines({ text, route, rule, neighbour, mtu, refused }: RouteWords, paint: Paint): string[] {
  const lines = hang("  routing: ", refused === undefined ? text : paint("bad", text), WIDTH);
  if (route !== undefined)
    lines.push(
      ...hang("    by route ", `${route}${rule === undefined ? "" : `, found by policy rule ${rule}`}`, WIDTH),
    );
  if (neighbour !== undefined) {
    const { address, state = "not known", meaning } = neighbour;
    lines.push(...hang("    next hop ", `${address}: ${state}, ${meaning}`, WIDTH));
  }
  if (mtu !== undefined) lines.push(`    packets of up to ${mtu} bytes`);
  return lines;
}

const SIGNS = { refuses: ["bad", "refuses"], "may-refuse": ["warning", "may refuse"], room: ["good", "room"] } as const;

function limitLines({ state, text, remedy }: Limit, paint: Paint): string[] {
  const [style, word] = SIGNS[state];
  const [first = "", ...others] = hang(`  ${word}: `, text, WIDTH);
  return [paint(style, first), ...others, ...(remedy === undefined ? [] : hang("    remedy: ", remedy, WIDTH))];
}
