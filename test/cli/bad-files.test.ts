import assert from "node:assert/strict";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createNamespace, deleteNamespace } from "../../src/kernel/namespace.ts";
import { listRuleset } from "../../src/kernel/nftables.ts";
import { readSysctl } from "../../src/kernel/sysctl.ts";
import { BAD_FILES } from "../fixtures/bad-files.ts";
import { meganat, meganatHere } from "./run-meganat.ts";

interface Refused {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
    readonly problems: readonly { code: string; file: string; line: number; column: number; fix: string }[];
  };
}

const directory = mkdtempSync(join(tmpdir(), "meganat-bad-"));
after(() => rmSync(directory, { recursive: true, force: true }));

for (const { file, problems } of BAD_FILES) {
  test(`check refuses ${file} with code, line and remedy, for people and programs`, async () => {
    const path = join("test/fixtures/bad", file);
    const human = await meganatHere(["check", path]);
    assert.equal(human.status, 1);
    assert.equal(human.stdout, "");
    for (const [code, line, column, fix] of problems) {
      assert.ok(human.stderr.includes(`${path}:${line}:${column}: error[${code}]: `), human.stderr);
      assert.ok(human.stderr.includes(`  fix: ${fix}\n`), human.stderr);
    }
    const program = await meganatHere(["check", path, "--json"]);
    assert.equal(program.status, 1);
    assert.equal(program.stderr, "");
    const { error } = JSON.parse(program.stdout) as Refused;
    assert.deepEqual(
      error.problems.map((problem) => [problem.code, problem.line, problem.column, problem.fix]),
      problems,
    );
    assert.equal(error.code, problems[0]?.[0]);
    assert.equal(error.remedy, problems[0]?.[3]);
  });
}

test("apply of a bad file changes nothing", async () => {
  const namespace = `mnbad-${process.pid}`;
  createNamespace(namespace);
  try {
    const state = (): unknown => [listRuleset(namespace), readSysctl(namespace, "net.ipv4.ip_forward")];
    const before = state();
    for (const { file } of BAD_FILES) {
      const run = await meganatHere(["--netns", namespace, "apply", join("test/fixtures/bad", file)]);
      assert.equal(run.status, 1, file);
      assert.match(run.stderr, /error\[[a-z0-9-]+\]: /);
    }
    assert.deepEqual(state(), before);
  } finally {
    deleteNamespace(namespace);
  }
});

test("what is no gateway file at all is told in one error", () => {
  const huge = join(directory, "huge.yaml");
  writeFileSync(huge, `name: ${"x".repeat(10 * 1024 * 1024)}\n`);
  const binary = join(directory, "binary.yaml");
  writeFileSync(
    binary,
    Uint8Array.from({ length: 4096 }, (_, i) => i & 255),
  );
  for (const [file, code] of [
    [huge, "file-too-large"],
    [binary, "file-binary"],
    [join(directory, "nowhere.yaml"), "file-unreadable"],
    [directory, "file-unreadable"],
    ["/dev/zero", "file-too-large"],
    ["/dev/null", "file-empty"],
  ] as const) {
    const human = meganat(["plan", file]);
    assert.equal(human.status, 1, file);
    assert.ok(human.stderr.includes(`error[${code}]`), human.stderr);
    const program = meganat(["plan", file, "--json"]);
    assert.equal((JSON.parse(program.stdout) as Refused).error.code, code);
  }
});
