import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./run-meganat.ts";

const CAMPUS = "examples/campus.yaml";
/** The same for a host that has none of its cards. */
const CARDS_ELSEWHERE = "the campus of another host";

/** The files that the command line loads, from the package's root. */
function loadedFiles(...words: string[]): string[] {
  const main = join(ROOT, "bin/meganat");
  const script = `process.argv.splice(1, 0, ${JSON.stringify(main)});
    process.on("exit", () => process.stderr.write(JSON.stringify(Object.keys(require.cache))));
    require(${JSON.stringify(main)});`;
  const run = spawnSync(process.execPath, ["--eval", script, "--", ...words], { cwd: ROOT, encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  assert.notEqual(run.stdout, "");
  return JSON.parse(run.stderr) as string[];
}

// A file costs a third of a millisecond and more. Who adds some should see it here, and load them when they are needed.
const MOST: [files: number, ...words: string[]][] = [
  [3, "--help"],
  [24, "plan", "--help"],
  [88, "plan", CARDS_ELSEWHERE],
  // A host that has one of its cards reads how that is set. One file asks for bonds in the kernel.
  [96, "plan", CAMPUS],
];

for (const [most, ...words] of MOST) {
  test(`meganat ${words.join(" ")} loads at most ${most} files`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), "meganat-start-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const elsewhere = join(folder, "gateway.yaml");
    writeFileSync(elsewhere, readFileSync(join(ROOT, CAMPUS), "utf8").replaceAll(/\beth(?=\d)/g, "absent"));
    const files = loadedFiles(...words.map((word) => (word === CARDS_ELSEWHERE ? elsewhere : word)));
    assert.ok(files.length <= most, `${files.length} files:\n${files.join("\n")}`);
    // koffi is asked who the namespace is only where something was applied before, and for the cards that are here.
    const mayCall = existsSync("/run/meganat") || words.includes(CAMPUS);
    if (!mayCall) assert.ok(!files.some((file) => file.endsWith(".node")), files.join("\n"));
  });
}

test("what is started or loaded by its file's name has a file in the bundle", () => {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
  );
  const started = sources.flatMap((file) => {
    const text = readFileSync(join(ROOT, "src", file), "utf8");
    const threads = Array.from(text.matchAll(/startThread\(\s*"([^"]+)"/g), ([, module = ""]) => module);
    // The lab's programs are named in one place.
    const programs =
      file === "lab/child.ts" ? Array.from(text.matchAll(/"([\w/-]+-main)"/g), ([, module = ""]) => module) : [];
    return [...threads, ...programs].map((module) => `${join(dirname(file), module)}.js`);
  });
  const loaded = sources.filter((file) => /^(diagnose\/modes|lab\/drill\/faults)\//.test(file));
  const needed = [...new Set(started), ...loaded.map((file) => file.replace(/\.ts$/, ".js"))];
  assert.ok(started.length >= 10 && loaded.length > 100, needed.join("\n"));
  assert.deepEqual(
    needed.filter((file) => !existsSync(join(ROOT, "dist", file))),
    [],
  );
});
