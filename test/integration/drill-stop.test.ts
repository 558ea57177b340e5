import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { listNamespaces } from "../../src/kernel/namespace.ts";
import { readSysctl } from "../../src/kernel/sysctl.ts";
import { drill, lookAtCleanLab } from "../../src/lab/drill/drill.ts";
import { DRILL_GATEWAY } from "../../src/lab/drill/scene.ts";
import { LIMITS_FILE } from "../../src/lab/place.ts";
import { readLab } from "../../src/lab/state.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";

const skip = withoutEbpf();
const LIMIT = "net.netfilter.nf_conntrack_expect_max";
const OWNER = ["--import", "tsx", fileURLToPath(new URL("../fixtures/drill-owner.ts", import.meta.url))];

function remains(lab: string): string[] {
  const left = listNamespaces().filter((name) => name.startsWith(`mn-${lab}-`));
  if (readLab(lab) !== undefined) left.push("state file");
  if (existsSync(LIMITS_FILE) && readFileSync(LIMITS_FILE, "utf8").includes(`"${lab}"`)) left.push("loan of a limit");
  return left;
}

test(
  "killed after a fix that set a limit of the host: the lab goes, and the limit is as before",
  { skip },
  async () => {
    const before = readSysctl(undefined, LIMIT) ?? "";
    const [low, fixed] = [Number(before) - 2, Number(before) - 1];
    const owner = spawn(process.execPath, [...OWNER, LIMIT, String(low), String(fixed)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(owner.stdout, "data")) as [Buffer];
    const [lab = "", value] = line.toString().trim().split(" ");
    assert.equal(value, String(fixed));
    owner.kill("SIGKILL");
    for (let tries = 0; tries < 100 && remains(lab).length > 0; tries++) await sleep(100);
    assert.deepEqual(remains(lab), []);
    assert.equal(readSysctl(undefined, LIMIT), before);
  },
);

test("stopped in the middle of a fault: it ends at once, and says so", { skip }, async () => {
  const stopping = new AbortController();
  const result = await drill({
    only: ["rp-filter", "idle"],
    fix: false,
    signal: stopping.signal,
    onStart: () => void setTimeout(() => stopping.abort(), 1200),
    onResult: () => assert.fail("it went on"),
  });
  assert.deepEqual([result.faults, result.clean, result.ok, result.stopped], [[], [], false, true]);
});

const CLEAN = { id: "idle", title: "nothing happens", gateway: DRILL_GATEWAY };
const FAILING: readonly (readonly [what: string, lab: Parameters<typeof lookAtCleanLab>[0], complaint: RegExp])[] = [
  ["cannot be built", { ...CLEAN, gateway: "version: 1" }, /gateway file is wrong/],
  ["cannot be filled", { ...CLEAN, prepare: () => Promise.reject(new Error("no room")) }, /^no room$/],
  ["has no traffic", { ...CLEAN, traffic: () => Promise.reject(new Error("no client")) }, /^no client$/],
];

for (const [what, lab, complaint] of FAILING) {
  test(`a clean lab that ${what} is a complaint`, { skip }, async () => {
    const result = await lookAtCleanLab(lab);
    assert.match(result.complaint ?? "", complaint);
    assert.deepEqual(result.findings, []);
  });
}
