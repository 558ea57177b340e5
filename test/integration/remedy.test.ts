import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readSysctl, writeSysctl } from "../../src/kernel/sysctl.ts";
import { carryOutFix, fixesInForce, undoFix } from "../../src/remedy/carry-out-fix.ts";
import { RemedyError } from "../../src/remedy/error.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

const TIMEOUT = "net.netfilter.nf_conntrack_tcp_timeout_established";
const LIBERAL = "net.netfilter.nf_conntrack_tcp_be_liberal";

function place(t: TestContext) {
  const namespace = ownNamespace(t);
  const directory = mkdtempSync(join(tmpdir(), "meganat-remedy-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  run(namespace, "conntrack", "-C");
  return { namespace, directory };
}

const code =
  (wanted: RemedyError["code"]) =>
  (error: unknown): boolean =>
    error instanceof RemedyError && error.code === wanted;

void test("a fix is carried out once, is on record, and is taken back", NEEDS_ROOT, (t) => {
  const here = place(t);
  const before = readSysctl(here.namespace, TIMEOUT);
  carryOutFix(here, "established-timeout", [{ kind: "sysctl", name: TIMEOUT, value: "7440" }]);
  assert.equal(readSysctl(here.namespace, TIMEOUT), "7440");
  assert.deepEqual(fixesInForce(here)[0]?.sysctls, [{ name: TIMEOUT, scope: "namespace", old: before, set: "7440" }]);
  assert.throws(() => carryOutFix(here, "established-timeout", []), code("fix-in-force"));
  const { done, left } = undoFix(here, "established-timeout");
  assert.deepEqual([done, left], [[`${TIMEOUT} is ${before} again (was 7440)`], []]);
  assert.equal(readSysctl(here.namespace, TIMEOUT), before);
  assert.throws(() => undoFix(here, "established-timeout"), code("fix-unknown"));
});

void test("what somebody else has set since stays", NEEDS_ROOT, (t) => {
  const here = place(t);
  carryOutFix(here, "x", [{ kind: "sysctl", name: TIMEOUT, value: "7440" }]);
  writeSysctl(here.namespace, TIMEOUT, "9000");
  assert.deepEqual(undoFix(here, "x").left, [`${TIMEOUT} is 9000 now: somebody else has set it since`]);
  assert.equal(readSysctl(here.namespace, TIMEOUT), "9000");
});

void test("a step that fails takes those before it back", NEEDS_ROOT, (t) => {
  const here = place(t);
  const before = readSysctl(here.namespace, TIMEOUT);
  assert.throws(() =>
    carryOutFix(here, "x", [
      { kind: "sysctl", name: TIMEOUT, value: "7440" },
      { kind: "clamp-segment-size" },
      { kind: "sysctl", name: LIBERAL, value: "no number" },
    ]),
  );
  assert.equal(readSysctl(here.namespace, TIMEOUT), before);
  assert.equal(run(here.namespace, "nft", "list", "tables"), "");
  assert.deepEqual(fixesInForce(here), []);
});

void test("the segment size is clamped in a table of our own; other tables stay", NEEDS_ROOT, (t) => {
  const here = place(t);
  run(here.namespace, "nft", "add table inet others; add chain inet others keep");
  carryOutFix(here, "mtu-black-hole", [{ kind: "clamp-segment-size" }]);
  assert.match(run(here.namespace, "nft", "list", "ruleset"), /tcp option maxseg size set rt mtu/);
  undoFix(here, "mtu-black-hole");
  assert.equal(run(here.namespace, "nft", "list", "tables").trim(), "table inet others");
});

void test("only the connections that match are deleted", NEEDS_ROOT, (t) => {
  const here = place(t);
  for (const [port, zone] of [
    [1000, 0],
    [1001, 0],
    [1000, 5],
  ]) {
    const ends = `-s 10.0.0.1 -d 10.0.0.2 -p udp --sport ${port} --dport 53 -w ${zone} -t 60`;
    run(here.namespace, "conntrack", "-I", ...ends.split(" "));
  }
  const { deletedConnections } = carryOutFix(here, "stale-entry", [
    { kind: "delete-connections", filters: [{ sourcePort: 1001, protocol: 17 }, { zone: 5 }] },
  ]);
  assert.equal(deletedConnections, 2);
  assert.equal(run(here.namespace, "conntrack", "-C").trim(), "1");
  assert.match(undoFix(here, "stale-entry").left[0] ?? "", /2 connections that were deleted/);
});
