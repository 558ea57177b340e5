import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { displayName } from "../../src/observe/profile/fold.ts";
import { recordProfile } from "../../src/observe/profile/record.ts";
import { summarize } from "../../src/observe/profile/summary.ts";
import { fillConnections } from "../../src/lab/generator/fill.ts";
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
  const lines = stdout.matchAll(/^\s*([\d.]+)%?;\s*\[k\] (\S+)/gm);
  return new Map(Array.from(lines, ([, share = "", name = ""]) => [displayName(name), Number(share) / 100] as const));
}

void test("under NAT load the functions agree with perf", { skip: withoutPerf() }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "meganat-profile-"));
  const stop = new AbortController();
  const load = loadNat(stop.signal);
  try {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const [perf, recording] = await Promise.all([
      perfShares(directory),
      recordProfile(SECONDS, FREQUENCY, new AbortController().signal),
    ]);
    assert.equal(recording.lost, 0);
    const { samples, functions, nat, parts } = summarize(recording.stacks);
    assert.ok(nat.share > 0.05, `NAT has ${nat.share} of the busy time`);
    assert.ok(parts.some(({ id }) => id === "lookup") && parts.some(({ id }) => id === "nat-setup"));
    assert.equal(functions.length, 10);
    for (const { name, samples: count } of functions) {
      const share = count / samples;
      const oracle = perf.get(name) ?? 0;
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
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { stacks } = await recordProfile(2, 997, new AbortController().signal);
    assert.ok(
      [...stacks.keys()].some((stack) => /eBPF:(generate|respond|collect)/.test(stack)),
      "the generator's programs are in no stack",
    );
  } finally {
    stop.abort();
    await load;
  }
});
