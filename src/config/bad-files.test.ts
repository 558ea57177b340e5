import { deepEqual, equal, ok } from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { BAD_FILES } from "../../test/fixtures/bad-files.ts";
import { formatProblem } from "./format-problem.ts";
import { PROBLEM_CODES } from "./problem-codes.ts";
import { readGateway } from "./read-gateway.ts";
import type { LocatedProblem } from "./source/located-problem.ts";

const FOLDER = new URL("../../test/fixtures/bad/", import.meta.url);

const GENERATED: readonly {
  name: string;
  file: string | Uint8Array;
  code: string;
  line: number;
  column: number;
  fix: string;
}[] = [
  {
    name: "10 MB of comments",
    file: "# comment\n".repeat(1_000_000),
    code: "file-too-large",
    line: 1,
    column: 1,
    fix: "Write subscribers and addresses as ranges or prefixes (from: 10.0.0.0/8), not one by one",
  },
  {
    name: "a program",
    file: Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0]),
    code: "file-binary",
    line: 1,
    column: 1,
    fix: "Give the gateway's YAML file, or delete the character",
  },
  {
    name: "a NUL in the second line",
    file: "version: 1\nname: a\0b\n",
    code: "file-binary",
    line: 2,
    column: 8,
    fix: "Give the gateway's YAML file, or delete the character",
  },
  {
    name: "a million brackets",
    file: "[".repeat(1_000_000),
    code: "yaml-too-deep",
    line: 1,
    column: 64,
    fix: "Check the brackets and dashes: a gateway file needs no more than six levels",
  },
  {
    name: "half a million dashes",
    file: "- ".repeat(500_000),
    code: "yaml-too-deep",
    line: 1,
    column: 127,
    fix: "Check the brackets and dashes: a gateway file needs no more than six levels",
  },
];

test("each bad file gives its problems, each with code, line, column and remedy", () => {
  for (const { file, problems } of BAD_FILES) {
    const found = problemsOf(readFileSync(new URL(file, FOLDER)), file);
    deepEqual(
      found.map(({ code, line, column, fix }) => [code, line, column, fix]),
      problems,
      file,
    );
  }
});

test("files too large or strange to keep are refused too", () => {
  for (const { name, file, ...expected } of GENERATED) {
    const [problem, ...more] = problemsOf(file, "x.yaml");
    equal(more.length, 0, name);
    const { code, line, column, fix } = problem as LocatedProblem;
    deepEqual({ code, line, column, fix }, expected, name);
  }
});

test("the table has every file of the folder, and every code has a file", () => {
  deepEqual(BAD_FILES.map(({ file }) => file).toSorted(), readdirSync(FOLDER).toSorted());
  const codes = [
    ...BAD_FILES.flatMap(({ problems }) => problems.map(([code]) => code)),
    ...GENERATED.map(({ code }) => code),
  ];
  deepEqual([...new Set(codes)].toSorted(), Object.keys(PROBLEM_CODES).toSorted());
});

test("a problem never prints a control character or an endless line", () => {
  const long = `version: 1\nname: ${"x".repeat(100_000)}\n`;
  const files = [
    ...BAD_FILES.map(({ file }) => readFileSync(new URL(file, FOLDER))),
    ...GENERATED.map(({ file }) => file),
    long,
  ];
  for (const file of files) {
    for (const problem of problemsOf(file, "x.yaml")) {
      const printed = formatProblem(problem);
      ok(!/[^\P{Cc}\t\n]/u.test(printed), printed);
      ok(
        printed.split("\n").every((line) => line.length < 400),
        printed,
      );
    }
  }
});

function problemsOf(file: string | Uint8Array, fileName: string): readonly LocatedProblem[] {
  const reading = readGateway(file, { fileName });
  ok("problems" in reading, `${fileName} was accepted`);
  return reading.problems;
}
