import type { Fault } from "./fault.ts";

/** The finding rule-drop must name the rule by its place, and show its text. */
export function namesRule(place: RegExp, text: string | RegExp): NonNullable<Fault["expect"]> {
  return (report) => {
    const evidence = report.findings.filter(({ id }) => id === "rule-drop").map((found) => found.evidence[0]);
    const isRight = (value: string): boolean => (typeof text === "string" ? value === text : text.test(value));
    if (evidence.some((one) => one !== undefined && place.test(one.what) && isRight(one.value))) return undefined;
    return `it names ${evidence.map((one) => `${one?.what}: ${one?.value}`).join("; ")}`;
  };
}
