import type { Finding } from "../finding.ts";
import type { ConcernWords } from "./explanation.ts";

/** Findings about the whole host: every connection meets them. */
const OF_ALL: ReadonlySet<string> = new Set([
  "backlog",
  "clash-race",
  "cpu-imbalance",
  "forwarding-off",
  "fragments",
  "full-of-assured",
  "hash-chains",
  "neighbour-overflow",
  "squeeze",
  "syn-flood",
  "table-full",
]);

/** The doctor's findings that concern a connection: those of the whole host, and those that name any of its `names`. */
export function concernsOf(findings: readonly Finding[], names: ReadonlySet<string>): ConcernWords[] {
  return findings
    .filter((finding) => OF_ALL.has(finding.id) || names.has(finding.subject ?? "") || mentions(finding, names))
    .map(({ id, title, severity, summary, page }) => ({ id, title, severity, summary, page }));
}

/** Addresses count where they stand for themselves: the first part of what the finding says is about them. */
function mentions({ subject, summary, evidence, top }: Finding, names: ReadonlySet<string>): boolean {
  const texts = [
    subject ?? "",
    summary,
    ...evidence.map(({ what, value }) => `${what} ${value}`),
    ...(top?.rows ?? []),
  ];
  const words = texts.flatMap((text) => text.match(/\d+\.\d+\.\d+\.\d+(?![\d/])/g) ?? []);
  return words.some((word) => names.has(word));
}
