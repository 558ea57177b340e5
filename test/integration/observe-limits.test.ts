import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { withoutContainers } from "../fixtures/as-others.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { ROOT } from "../cli/run-meganat.ts";

const skip = withoutEbpf();

const directory = mkdtempSync(join(tmpdir(), "meganat-limits-"));
after(() => rmSync(directory, { recursive: true }));

/** Runs the command where something is missing. */
function meganatIn(place: readonly string[], args: readonly string[]): { status: number | null; output: string } {
  const [command = "", ...rest] = [...place, join(ROOT, "bin/meganat"), ...args];
  const { status, stdout, stderr } = spawnSync(command, rest, { cwd: ROOT, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

/** In mounts of its own, after a script. */
function mounted(script: string): string[] {
  return ["unshare", "--mount", "sh", "-c", `${script} && exec "$@"`, "sh"];
}

// Not another user: the checkout may be where only root can read.
const POWERLESS = "setpriv --bounding-set=-all --inh-caps=-all --no-new-privs".split(" ");
const NO_CONTAINERS = withoutContainers();

function withoutAddresses(): string {
  const file = join(directory, "kallsyms");
  writeFileSync(file, readFileSync("/proc/kallsyms", "latin1").replaceAll(/^[0-9a-f]{16}/gm, "0".repeat(16)));
  return `mount --bind ${file} /proc/kallsyms`;
}

const DROPS = ["drops", "--count", "1"];
const PROFILE = ["profile", "--seconds", "1"];

const cases: readonly (readonly [
  name: string,
  place: () => readonly string[],
  args: readonly string[],
  status: number,
  says: readonly RegExp[],
])[] = [
  [
    "drops without root",
    () => POWERLESS,
    DROPS,
    0,
    [/not counted one by one: .*EPERM/, /to see all: run as root/, /counters of this namespace/, /packets dropped in/],
  ],
  ["profile without root", () => POWERLESS, PROFILE, 1, [/error\[kernel-permission\]/, /remedy: run as root/]],
  [
    "drops in a container's namespaces",
    () => ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc"],
    DROPS,
    0,
    [/not counted one by one/, /counters of this namespace/],
  ],
  [
    "drops without BTF",
    () => mounted("mount -t tmpfs none /sys/kernel/btf"),
    DROPS,
    0,
    [/read the kernel's own types \(BTF\)/, /CONFIG_DEBUG_INFO_BTF/],
  ],
  ["profile without BTF", () => mounted("mount -t tmpfs none /sys/kernel/btf"), PROFILE, 0, [/samples: /]],
  [
    "drops without tracefs and debugfs",
    () => mounted("mount -t tmpfs none /sys/kernel/tracing && mount -t tmpfs none /sys/kernel/debug"),
    DROPS,
    0,
    [/^\d+ packets dropped in/],
  ],
  [
    "drops without the kernel's addresses",
    () => mounted(withoutAddresses()),
    DROPS,
    0,
    [/the kernel hides its addresses/],
  ],
  [
    "profile without the kernel's addresses",
    () => mounted(withoutAddresses()),
    PROFILE,
    0,
    [/the kernel hides its addresses/, /how much of it is NAT cannot be seen/],
  ],
  [
    "drops of a namespace that is not there",
    () => [],
    [...DROPS, "--netns", "mn-none"],
    1,
    [/open network namespace mn-none/],
  ],
  [
    "a comparison of what is no profile",
    () => [],
    ["profile", "--diff", "package.json", "README.md"],
    1,
    [/line 1 is no folded stack/],
  ],
  ["a comparison of one file", () => [], ["profile", "--diff", "package.json"], 2, [/needs two files/]],
];

for (const [name, place, args, status, says] of cases) {
  const container = place().includes("--user");
  void test(name, { skip: skip === false && container ? NO_CONTAINERS : skip }, () => {
    const run = meganatIn(place(), args);
    for (const words of says) assert.match(run.output, words);
    assert.doesNotMatch(run.output, /should not have happened/);
    assert.equal(run.status, status, run.output);
  });
}
