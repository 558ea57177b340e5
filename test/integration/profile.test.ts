import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { displayName } from "../../src/observe/profile/fold.ts";
import { recordProfile } from "../../src/observe/profile/record.ts";
import type { ProfileSummary } from "../../src/observe/profile/summary.ts";
import { fillConnections } from "../../src/lab/generator/fill.ts";
import { ROOT } from "../cli/run-meganat.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { buildThreeNamespaces, generatorEnds } from "../fixtures/three-namespaces.ts";

const SECONDS = 6;
const FREQUENCY = 397;

const run = promisify(execFile);

function withoutPerf(): string | false {
  const version = spawnSync("perf", ["--version"]);
  return version.status === 0 ? withoutEbpf() : "perf is not installed (Debian: linux-perf)";
}

function withoutProgramNames(): string | false {
  const listed = readFileSync("/proc/sys/net/core/bpf_jit_kallsyms", "utf8").trim() === "1";
  return listed ? false : "net.core.bpf_jit_kallsyms is 0: the kernel does not list eBPF programs";
}

/** Makes connections through a NAT gateway until told to stop. */
async function loadNat(stop: AbortSignal): Promise<void> {
  const net = buildThreeNamespaces("pr", "ip protocol udp snat to 61.138.177.1-61.138.177.28");
  try {
    for (let seed = 1; !stop.aborted; seed++) {
      // One after the other on purpose: each fills the table a little more.
      await fillConnections({
        ...generatorEnds(net),
        subscribers: [{ first: 0x0a400001, last: 0x0a4003ff }],
        connections: 50_000,
        protocol: "udp",
        seed,
      });
    }
  } finally {
    net.remove();
  }
}

/** Of several names for one place, `memcpy` and `__memcpy`, perf may take another one than we do. */
function plainName(symbol: string): string {
  return displayName(symbol).replace(/^_+/, "");
}

/** The kernel's functions by perf's own samples, as shares of all. */
async function perfShares(directory: string): Promise<Map<string, number>> {
  const data = join(directory, "perf.data");
  const frequency = ["-F", String(FREQUENCY)];
  await run("perf", [
    "record",
    "-q",
    "-a",
    "-e",
    "cpu-clock",
    ...frequency,
    "-o",
    data,
    "--",
    "sleep",
    String(SECONDS),
  ]);
  const report = ["report", "-i", data, "--sort", "symbol", "--stdio", "-q", "--field-separator", ";"];
  const { stdout } = await run("perf", report, { maxBuffer: 64 << 20 });
  const lines = stdout.matchAll(/^\s*([\d.]+)%?\s*;\s*\[k\] (\S+)/gm);
  return new Map(Array.from(lines, ([, share = "", name = ""]) => [plainName(name), Number(share) / 100] as const));
}

/** In a process of its own: what makes the load here may keep this one waiting for the kernel's locks. */
async function ownProfile(): Promise<ProfileSummary & { readonly lost: number }> {
  const args = ["profile", "--seconds", String(SECONDS), "--frequency", String(FREQUENCY), "--json"];
  const { stdout } = await run(join(ROOT, "bin/meganat"), args, { maxBuffer: 64 << 20 });
  return JSON.parse(stdout) as ProfileSummary & { readonly lost: number };
}

void test("under NAT load the functions agree with perf", { skip: withoutPerf() }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "meganat-profile-"));
  const stop = new AbortController();
  const load = loadNat(stop.signal);
  try {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const [perf, { samples, lost, functions, nat, parts }] = await Promise.all([perfShares(directory), ownProfile()]);
    assert.equal(lost, 0);
    assert.ok(nat.share > 0.05, `NAT has ${nat.share} of the busy time`);
    assert.ok(parts.some(({ id }) => id === "lookup") && parts.some(({ id }) => id === "nat-setup"));
    assert.equal(functions.length, 10);
    assert.ok(perf.size >= 20, `perf names ${perf.size} functions of the kernel`);
    for (const { name, samples: count } of functions) {
      // The sampling itself, which perf does not run.
      if (name === "eBPF:sample") continue;
      // Code without a name of its own: perf counts each of its addresses apart.
      if (name.startsWith("[")) continue;
      const share = count / samples;
      const oracle = perf.get(plainName(name));
      assert.ok(oracle !== undefined, `perf has no sample of ${name}`);
      // Both are samples: five standard errors of their difference, and a little for the moments of starting.
      const allowed = 5 * Math.sqrt((2 * Math.max(share, oracle)) / samples) + 0.004;
      assert.ok(Math.abs(share - oracle) <= allowed, `${name}: ${share} here, ${oracle} by perf, allowed ${allowed}`);
    }
  } finally {
    stop.abort();
    await load;
    rmSync(directory, { recursive: true });
  }
});

void test("eBPF programs have their names", { skip: withoutEbpf() || withoutProgramNames() }, async () => {
  const stop = new AbortController();
  const load = loadNat(stop.signal);
  try {
    let found = false;
    // On a busy machine it takes a while until the generator is at work.
    for (let second = 0; !found && second < 10; second++) {
      const { stacks } = await recordProfile(1, 997, new AbortController().signal);
      found = [...stacks.keys()].some((stack) => /eBPF:(generate|respond|collect)/.test(stack));
    }
    assert.ok(found, "the generator's programs are in no stack");
  } finally {
    stop.abort();
    await load;
  }
});
