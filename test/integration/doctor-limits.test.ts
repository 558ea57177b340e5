import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Report } from "../../src/diagnose/report.ts";
import { withoutContainers } from "../fixtures/as-others.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { ROOT } from "../cli/run-meganat.ts";

// The doctor where it may see little: it says what it could not see and why, and takes nothing unknown for a fault.

/** In mounts and a network namespace of its own, after a script. */
function mounted(script: string): string[] {
  return ["unshare", "--mount", "--net", "sh", "-c", `${script} && exec "$@"`, "sh"];
}

const CONTAINER = "unshare --user --map-root-user --net --pid --mount --fork --kill-child --mount-proc".split(" ");

const CASES: readonly (readonly [
  name: string,
  place: readonly string[],
  /** What could not be read: signal, and why. */
  unseen: readonly (readonly [signal: string, why: RegExp])[],
  /** Failure modes that could not be looked for, among others. */
  unchecked: readonly string[],
])[] = [
  [
    "without root",
    // Not another user: the checkout may be where only root can read.
    "unshare --net setpriv --bounding-set=-all --inh-caps=-all --no-new-privs".split(" "),
    [
      ["drops", /EPERM/],
      ["rules", /Operation not permitted|EPERM/],
      ["table", /EPERM/],
      ["log", /EPERM/],
    ],
    ["rule-drop", "port-exhaustion", "mtu-black-hole"],
  ],
  [
    "as root of an unprivileged user namespace",
    CONTAINER,
    [
      ["drops", /EPERM/],
      ["log", /EPERM|EACCES/],
    ],
    ["mtu-black-hole", "neighbour-unresolved"],
  ],
  [
    "without tracefs and debugfs",
    mounted("mount -t tmpfs none /sys/kernel/tracing && mount -t tmpfs none /sys/kernel/debug"),
    [],
    [],
  ],
  [
    "without BTF",
    mounted("mount -t tmpfs none /sys/kernel/btf"),
    [["drops", /BTF/]],
    ["mtu-black-hole", "neighbour-unresolved"],
  ],
  [
    "with /dev/null in place of the kernel's log",
    mounted("mount --bind /dev/null /dev/kmsg"),
    [["log", /something else is there in its place/]],
    [],
  ],
];

void describe("the doctor", { skip: withoutEbpf() }, () => {
  for (const [name, place, unseen, unchecked] of CASES) {
    void test(name, { skip: place.includes("--user") ? withoutContainers() : false }, () => {
      const { status, stdout, stderr } = doctor(place, "--json");
      const report = JSON.parse(stdout) as Report;
      assert.deepEqual(
        report.findings.filter(({ id }) => !OF_THE_MACHINE.has(id)).map(({ id, summary }) => `${id}: ${summary}`),
        [],
      );
      assert.equal(report.drops.unexplained, 0);
      assert.equal(status, report.verdict === "healthy" ? 0 : 1, stderr);
      for (const [signal, why] of unseen) {
        const found = report.unseen.filter((one) => one.signal === signal);
        assert.ok(
          found.some((one) => why.test(one.why) && one.remedy !== ""),
          `${signal}: ${JSON.stringify(report.unseen)}`,
        );
      }
      const ids = report.unchecked.map(({ id }) => id);
      for (const id of unchecked) assert.ok(ids.includes(id), `${id} is not among ${ids.join(", ")}`);
      for (const { title, why } of report.unchecked) assert.notEqual(why, "", title);
      if (unseen.length === 0) assert.equal(report.drops.known, true);
    });
  }

  void test("says in words what it could not check", { skip: withoutContainers() }, () => {
    const { stdout } = doctor(CONTAINER);
    assert.match(stdout, /^Dropped packets: cannot be counted here, see below$/m);
    assert.match(stdout, /^What could not be checked$/m);
    assert.match(stdout, /^ +dropped packets by cause: .*EPERM/m);
  });
});

/** What the whole machine does is seen in every namespace, and other tests run beside this one. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set([
  "backlog",
  "cpu-imbalance",
  "log-flood",
  "resize-stall",
  "squeeze",
]);

function doctor(
  place: readonly string[],
  ...args: string[]
): { status: number | null; stdout: string; stderr: string } {
  const [command = "", ...rest] = [...place, join(ROOT, "bin/meganat"), "doctor", "--interval", "0.5", ...args];
  const run = spawnSync(command, rest, {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: 30_000,
  });
  assert.doesNotMatch(run.stdout + run.stderr, /should not have happened/);
  return run;
}
