import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readGateway } from "../../src/config/read-gateway.ts";
import { listNamespaces } from "../../src/kernel/namespace.ts";
import { listLinks } from "../../src/kernel/route/link.ts";
import { readSysctl } from "../../src/kernel/sysctl.ts";
import { runDemo, type DemoResult } from "../../src/lab/demo/demo.ts";
import { describeResult } from "../../src/lab/demo/steps-text.ts";
import { labNamespaces } from "../../src/lab/topology.ts";

const skip = process.getuid?.() === 0 ? false : "makes network namespaces, which needs root";
const MAX = "net.netfilter.nf_conntrack_max";
const CONNECTIONS = 20_000;

function campus() {
  const reading = readGateway(readFileSync(new URL("../../examples/campus.yaml", import.meta.url)));
  assert.ok("gateway" in reading);
  return reading.gateway;
}

function hostBonds(): string[] {
  return listLinks(undefined)
    .filter(({ kind }) => kind === "bond")
    .map(({ name }) => name);
}

test("the demo holds what it was asked to, both counts agree, and nothing is left", { skip }, async () => {
  const maxBefore = readSysctl(undefined, MAX);
  const bondsBefore = hostBonds();
  const said: string[] = [];
  const drawn: string[] = [];
  const result: DemoResult = await runDemo({
    gateway: campus(),
    connections: CONNECTIONS,
    say: (line) => said.push(line),
    progress: { terminal: false, progress: (line) => drawn.push(line) },
  });
  assert.ok(result.ok);
  assert.ok(result.translations >= CONNECTIONS);
  assert.ok(result.kernelCount >= CONNECTIONS);
  assert.equal(result.refused, 0);
  assert.equal(result.poolAddresses, 28);
  assert.equal(result.subscribers, 10_000);
  for (const traffic of [result.before, result.held]) {
    assert.deepEqual([traffic.http.downloads, traffic.http.intact], [4, 4]);
    assert.deepEqual(traffic.udp, { sent: 4, answered: 4 });
    if (traffic.ping !== undefined) assert.deepEqual(traffic.ping, { sent: 8, received: 8 });
  }
  assert.deepEqual(
    result.samples.map((sample) => [sample.protocol, sample.kernelAgrees, sample.lookupAgrees]),
    [
      ["tcp", true, true],
      ["udp", true, true],
      ["tcp", true, true],
      ["udp", true, true],
    ],
  );
  for (const sample of result.samples) {
    assert.equal(sample.lookup, sample.inside.replace(/:\d+$/, ""));
    assert.match(sample.outside, /^61\.138\.177\.\d+:\d+$/);
  }
  assert.match(said.join("\n"), /10,000 subscribers behind 28 public addresses, 128 ports each/);
  assert.match(drawn.at(-1) ?? "", /100 % {2}20,000 of 20,000 translations/);
  assert.match(describeResult(result, "meganat", "campus.yaml"), /^\nHeld: 20,000 translations of 10,000 subscribers/);

  const names = Object.values(labNamespaces(result.lab));
  assert.deepEqual(
    listNamespaces().filter((name) => names.includes(name)),
    [],
  );
  // Before the first lab the kernel may not have loaded connection tracking at all.
  if (maxBefore !== undefined) assert.equal(readSysctl(undefined, MAX), maxBefore);
  // The module makes one for itself when the kernel loads it.
  assert.deepEqual(hostBonds(), bondsBefore);
});

test("an interrupted demo cleans up and says so", { skip }, async () => {
  const abort = new AbortController();
  const mine = new Set(listNamespaces());
  let lab = "";
  await assert.rejects(
    runDemo({
      gateway: campus(),
      connections: 1_000_000,
      say: (line) => {
        lab = /lab (\w+) is up/.exec(line)?.[1] ?? lab;
      },
      progress: { terminal: false, progress: () => abort.abort() },
      signal: abort.signal,
    }),
    { code: "interrupted" },
  );
  const names = Object.values(labNamespaces(lab)).filter((name) => !mine.has(name));
  assert.equal(names.length, 3);
  assert.deepEqual(
    listNamespaces().filter((name) => names.includes(name)),
    [],
  );
});

test("a file without source NAT has nothing to show", { skip }, async () => {
  await assert.rejects(
    runDemo({
      gateway: { ...campus(), sourceNat: [] },
      say: () => undefined,
      progress: { terminal: false, progress: () => undefined },
    }),
    { code: "demo-needs-source-nat" },
  );
});
