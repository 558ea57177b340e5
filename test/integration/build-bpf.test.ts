import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const OBJECT = "dist/bpf/generator.bpf.o";
const PROGRAMS = readdirSync(join(REPOSITORY, "bpf"))
  .filter((file) => file.endsWith(".bpf.c"))
  .map((file) => file.slice(0, -2))
  .toSorted();
/** What building these programs prints. */
const built = (...programs: readonly string[]): string =>
  programs.map((program) => `build-bpf: bpf/${program}.c -> dist/bpf/${program}.o\n`).join("");

const skip =
  commandExists("clang") && existsSync("/usr/include/bpf/bpf_helpers.h")
    ? false
    : "clang or libbpf's headers are not installed";

function commandExists(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((directory) => existsSync(join(directory, name)));
}

describe("scripts/build-bpf.sh", () => {
  let copy: string;
  before(() => {
    copy = mkdtempSync(join(tmpdir(), "meganat-build-"));
    for (const part of ["bpf", "scripts/build-bpf.sh"])
      cpSync(join(REPOSITORY, part), join(copy, part), { recursive: true });
    // All commands the script uses, but no clang.
    mkdirSync(join(copy, "bin"));
    for (const command of ["basename", "dirname", "find", "grep", "head", "mkdir", "mv", "sh", "uname"]) {
      const found = ["/usr/bin", "/bin"].map((directory) => join(directory, command)).find((path) => existsSync(path));
      assert.ok(found !== undefined, command);
      symlinkSync(found, join(copy, "bin", command));
    }
  });
  after(() => rmSync(copy, { recursive: true }));

  function build(environment: Record<string, string> = {}): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync("/bin/sh", [join(copy, "scripts/build-bpf.sh")], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], ...environment },
    });
    return { status, stdout, stderr };
  }

  test("without clang names what is missing, builds nothing and succeeds", () => {
    const { status, stdout, stderr } = build({ PATH: join(copy, "bin") });
    assert.deepEqual([status, stdout], [0, ""]);
    assert.match(
      stderr,
      /^build-bpf: eBPF programs not compiled; what needs them will say so\. Missing:\n {2}clang \(Debian: apt-get install clang;/,
    );
    assert.equal(existsSync(join(copy, "dist")), false);
  });

  test("compiles only what changed", { skip }, () => {
    assert.deepEqual(build(), { status: 0, stdout: built(...PROGRAMS), stderr: "" });
    assert.deepEqual(
      readdirSync(join(copy, "dist/bpf")).toSorted(),
      PROGRAMS.map((program) => `${program}.o`),
    );
    assert.deepEqual(build(), { status: 0, stdout: "", stderr: "" });
    // Later than any object will be, however long compiling takes.
    const later = new Date(Date.now() + 3_600_000);
    const cases = [
      ["bpf/generator.bpf.c", ["generator.bpf"]],
      ["bpf/frame.h", PROGRAMS],
      ["scripts/build-bpf.sh", PROGRAMS],
    ] as const;
    for (const [changed, programs] of cases) {
      const before = statSync(join(copy, changed)).mtime;
      utimesSync(join(copy, changed), later, later);
      assert.equal(build().stdout, built(...programs), changed);
      utimesSync(join(copy, changed), before, before);
      assert.equal(build().stdout, "", changed);
    }
  });

  test("an error in a program fails the build and leaves the old object", { skip }, () => {
    cpSync(join(REPOSITORY, "bpf"), join(copy, "bpf"), { recursive: true });
    build();
    const before = statSync(join(copy, OBJECT)).mtimeMs;
    const later = new Date(before + 3_600_000);
    const header = join(copy, "bpf/frame.h");
    rmSync(header);
    utimesSync(join(copy, "bpf/generator.bpf.c"), later, later);
    const { status, stderr } = build();
    assert.notEqual(status, 0);
    assert.match(stderr, /frame\.h/);
    assert.equal(statSync(join(copy, OBJECT)).mtimeMs, before);
  });
});
