import type { Severity } from "../../src/diagnose/finding.ts";
import { loadModes } from "../../src/observe/doctor.ts";

const WORDS: Readonly<Record<Severity, string>> = {
  loss: "packets or connections are lost",
  degraded: "something does not work, or is slow",
  risk: "nothing is lost yet, and will be",
  note: "worth knowing",
};

/** The list of what the doctor looks for, from the failure modes themselves. */
export async function findingsIndex(): Promise<ReadonlyMap<string, string>> {
  const modes = (await loadModes()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const lines = [
    "# What the doctor looks for",
    "",
    `\`meganat doctor\` knows ${modes.length} ways in which NAT fails. Each has a page that says what happens, what the doctor looks at, how to see it by hand with standard tools, and what to do. \`meganat drill\` plants every one of them in a lab and asks the doctor.`,
    "",
    "| Finding | What is wrong | Severity | Why it matters |",
    "| --- | --- | --- | --- |",
    ...modes.map(({ id, title, severity, why }) => `| [${id}](${id}.md) | ${title} | ${severity} | ${why} |`),
    "",
    "Severities: " +
      Object.entries(WORDS)
        .map(([name, words]) => `*${name}*: ${words}`)
        .join("; ") +
      ". A finding may be told with another severity than the usual one, as when a table is nearly full.",
    "",
  ];
  return new Map([["docs/findings/README.md", lines.join("\n")]]);
}
