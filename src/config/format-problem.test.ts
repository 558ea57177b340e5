import { equal } from "node:assert/strict";
import { test } from "node:test";
import { formatProblem, formatProblems } from "./format-problem.ts";
import type { LocatedProblem } from "./source/located-problem.ts";

const PROBLEM: LocatedProblem = {
  code: "unknown-link",
  severity: "error",
  path: ["source-nat", 0, "out"],
  message: 'No link is named "wann".',
  fix: "Write wan",
  file: "gw.yaml",
  line: 12,
  column: 8,
  length: 4,
  text: "\t  out: wann # to the provider",
};

test("a problem shows its line with a caret run under the value, tabs kept", () => {
  equal(
    formatProblem(PROBLEM),
    [
      'gw.yaml:12:8: error[unknown-link]: No link is named "wann".',
      "   12 | \t  out: wann # to the provider",
      "      | \t      ^^^^",
      "  fix: Write wan",
    ].join("\n"),
  );
});

test("colours come only when asked for", () => {
  const painted = formatProblem(PROBLEM, { color: true });
  equal(
    painted.split("\n")[0],
    '\u001b[1mgw.yaml:12:8:\u001b[0m \u001b[31merror[unknown-link]\u001b[0m: No link is named "wann".',
  );
  equal(
    painted
      .split("\u001b")
      .map((part) => part.replace(/^\[\d+m/, ""))
      .join(""),
    formatProblem(PROBLEM),
  );
});

test("a problem without a line to show has none", () => {
  const problem: LocatedProblem = { ...PROBLEM, text: "", line: 1, column: 1 };
  equal(formatProblem(problem), 'gw.yaml:1:1: error[unknown-link]: No link is named "wann".\n  fix: Write wan');
});

test("a long line is cut around the place", () => {
  const text = `${"a".repeat(500)}wann${"b".repeat(500)}`;
  const [, line, carets] = formatProblem({ ...PROBLEM, text, column: 501 }).split("\n");
  equal(line, `   12 | ...${"a".repeat(40)}wann${"b".repeat(76)}...`);
  equal(carets, `      | ${" ".repeat(43)}^^^^`);
});

test("many problems are counted, and only the first are shown", () => {
  const bare: LocatedProblem = { ...PROBLEM, text: "" };
  const all = [bare, bare, { ...bare, severity: "warning" as const }];
  const one = formatProblem(bare);
  equal(formatProblems(all, { limit: 1 }), `${one}\n\n... and 2 more\n\n2 errors, 1 warning`);
  equal(formatProblems([bare]), `${one}\n\n1 error`);
});
