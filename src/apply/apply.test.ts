import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeKernel } from "../../test/fake-kernel/kernel.ts";
import { FakeStore } from "../../test/fake-kernel/store.ts";
import type { DesiredState, SysctlSetting } from "../render/desired-state.ts";
import { replaceRuleset } from "../render/nft-text.ts";
import { applyIn, dryRunIn } from "./apply.ts";
import { removeIn } from "./remove.ts";
import { statusIn } from "./status.ts";

const now = (): string => "2026-01-01T00:00:00.000Z";

function desired(sysctls: readonly SysctlSetting[]): DesiredState {
  return {
    gateway: "campus",
    ruleset: {
      family: "ip",
      table: "meganat",
      comment: "campus sha256:0000000000000001",
      counters: [],
      sets: [],
      chains: [{ name: "nat", rules: ["accept"] }],
    },
    sysctls,
    links: [],
    addresses: [{ interface: "lo", address: "192.0.2.1", length: 32 }],
    routes: [],
    policyRules: [],
    proxyNeighbours: [],
    shaping: [],
    interfacesUp: [],
  };
}

function setting(name: string, value: string): SysctlSetting {
  return { name, value, scope: "namespace", reason: "a test" };
}

test("a value the kernel rounds is said once, and is not drift", () => {
  const live = new FakeKernel({ sysctls: { buckets: "1024" } });
  const around = { live, store: new FakeStore(), now };
  live.clamps.set("buckets", (value) => String(Math.ceil(Number(value) / 512) * 512));
  const wanted = desired([setting("buckets", "4000")]);
  const first = applyIn(around, { desired: wanted });
  assert.deepEqual(
    first.notices.map(({ message }) => message),
    ["buckets was set to 4000 and the kernel made it 4096"],
  );
  const second = applyIn(around, { desired: wanted });
  assert.deepEqual([second.outcome, second.notices], ["unchanged", []]);
  assert.equal(statusIn(around).state, "in-place");
  removeIn(around);
  assert.equal(live.state.sysctls["buckets"], "1024");
});

test("the first old value wins, however often apply sets another", () => {
  const live = new FakeKernel({ sysctls: { timeout: "10" } });
  const around = { live, store: new FakeStore(), now };
  for (const value of ["20", "30"]) applyIn(around, { desired: desired([setting("timeout", value)]) });
  live.writeSysctl("timeout", "99");
  applyIn(around, { desired: desired([setting("timeout", "40")]) });
  removeIn(around);
  assert.equal(live.state.sysctls["timeout"], "10");
});

test("a dry run tells what apply then does, to the letter, and touches nothing", () => {
  const live = new FakeKernel({ sysctls: { timeout: "10" } });
  const around = { live, store: new FakeStore(), now };
  const options = { desired: desired([setting("timeout", "20")]) };
  const dry = dryRunIn(around, options);
  assert.deepEqual([live.calls, around.store.record, around.store.journal], [0, undefined, undefined]);
  const done = applyIn(around, options);
  assert.deepEqual([dry.outcome, done.outcome], ["would-apply", "applied"]);
  assert.deepEqual([dry.changes, dry.script], [done.changes, done.script]);
  assert.deepEqual(done.changes, [
    "add address 192.0.2.1/32 to lo",
    "set timeout 10 -> 20: a test",
    "create table ip meganat (1 chain, 0 sets and maps, 0 elements)",
  ]);
});

test("what cannot be undone is said, status names the mixture, and the next apply repairs it", () => {
  const live = new FakeKernel({ sysctls: { timeout: "10" } });
  const around = { live, store: new FakeStore(), now };
  const failed = applyIn(around, {
    desired: desired([setting("timeout", "20")]),
    onStep: ({ step, stage }) => {
      if (step !== 3 || stage !== "before") return;
      // From here on the setting cannot be put back.
      live.readOnly.add("timeout");
      throw new Error("injected");
    },
  });
  assert.equal(failed.outcome, "failed");
  assert.deepEqual(
    [failed.undone?.complete, failed.undone?.left.map(({ code }) => code)],
    [false, ["kernel-read-only"]],
  );
  assert.deepEqual(live.state.addresses, []);
  assert.equal(statusIn(around).state, "interrupted");
  live.readOnly.clear();
  const repaired = applyIn(around, { desired: desired([setting("timeout", "20")]) });
  assert.deepEqual([repaired.outcome, repaired.notices.map(({ code }) => code)], ["applied", ["interrupted-repaired"]]);
  removeIn(around);
  assert.equal(live.state.sysctls["timeout"], "10");
});

test("remove goes on after a failure, says what is left, and takes it at the next try", () => {
  const live = new FakeKernel({ sysctls: { timeout: "10" } });
  const around = { live, store: new FakeStore(), now };
  applyIn(around, { desired: desired([setting("timeout", "20")]) });
  live.readOnly.add("timeout");
  const partly = removeIn(around);
  assert.deepEqual([partly.outcome, partly.problems.map(({ code }) => code)], ["partly", ["kernel-read-only"]]);
  assert.deepEqual([live.state.table, live.state.addresses, live.state.sysctls["timeout"]], [undefined, [], "20"]);
  live.readOnly.clear();
  assert.equal(removeIn(around).outcome, "removed");
  assert.equal(live.state.sysctls["timeout"], "10");
});

test("record and journal of another namespace of the name, or of before the boot, count as none", () => {
  const store = new FakeStore();
  applyIn({ live: new FakeKernel(), store, now }, { desired: desired([]) });
  const reborn = new FakeKernel({ addresses: [{ interface: "lo", address: "192.0.2.1", length: 32 }] });
  reborn.cookie = "cookie:2";
  const around = { live: reborn, store, now };
  assert.equal(statusIn(around).state, "absent");
  assert.equal(applyIn(around, { desired: desired([]) }).outcome, "applied");
  removeIn(around);
  // It was there before this namespace's first apply.
  assert.equal(reborn.state.addresses.length, 1);
});

test("without nft nothing is touched, and an unchanged gateway needs none", () => {
  const live = new FakeKernel();
  const around = { live, store: new FakeStore(), now };
  live.nftMissing = true;
  const refused = applyIn(around, { desired: desired([]) });
  assert.deepEqual([refused.outcome, refused.problems.map(({ code }) => code)], ["refused", ["program-missing"]]);
  assert.equal(live.calls, 0);
  live.nftMissing = false;
  applyIn(around, { desired: desired([]) });
  live.nftMissing = true;
  assert.equal(applyIn(around, { desired: desired([]) }).outcome, "unchanged");
});

test("the connection tracker is loaded when its settings are asked for and not there", () => {
  const name = "net.netfilter.nf_conntrack_udp_timeout";
  const live = new FakeKernel();
  const around = { live, store: new FakeStore(), now };
  const without = applyIn(around, { desired: desired([setting(name, "60")]) });
  assert.deepEqual(
    [without.outcome, without.problems.map(({ fix }) => fix)],
    ["refused", ["load the module: modprobe nf_conntrack"]],
  );
  live.conntrackSysctls = { [name]: "30" };
  assert.equal(applyIn(around, { desired: desired([setting(name, "60")]) }).outcome, "applied");
  assert.equal(live.state.sysctls[name], "60");
});

test("a record that cannot be written fails the apply, and all is undone", () => {
  const live = new FakeKernel({ sysctls: { timeout: "10" } });
  const store = new FakeStore();
  store.failRecord = 1;
  const failed = applyIn({ live, store, now }, { desired: desired([setting("timeout", "20")]) });
  assert.deepEqual([failed.outcome, failed.problems.map(({ code }) => code)], ["failed", ["record-failed"]]);
  assert.deepEqual([failed.undone?.failedStep, failed.undone?.complete], ["write the record", true]);
  assert.deepEqual([live.state.table, live.state.sysctls["timeout"]], [undefined, "10"]);
});

const RULES = desired([setting("net.ipv4.ip_forward", "1")]);

/** A host as a gateway's apply left it, or with its rules alone; `used`: something was applied since boot. */
const UNRECORDED: [what: string, table: string, forwarding: string, used: boolean, notices: string[]][] = [
  ["at boot: nft has loaded the rules", RULES.ruleset.comment, "0", false, []],
  ["the same dry", RULES.ruleset.comment, "0", false, []],
  ["rules of another gateway", "other sha256:0123456789abcdef", "0", false, ["record-missing"]],
  ["rules of somebody", "", "0", false, ["record-missing"]],
  ["a record that was lost", RULES.ruleset.comment, "0", true, ["record-missing"]],
  ["a gateway in place, all of whose records are lost", RULES.ruleset.comment, "1", false, ["record-missing"]],
];

for (const [what, comment, forwarding, used, notices] of UNRECORDED) {
  test(`rules without a record: ${what}`, () => {
    const live = new FakeKernel({ sysctls: { "net.ipv4.ip_forward": "0" } });
    applyIn({ live, store: new FakeStore(), now }, { desired: RULES });
    live.writeSysctl("net.ipv4.ip_forward", forwarding);
    live.runNft(replaceRuleset({ ...RULES.ruleset, comment }));
    const store = new FakeStore();
    if (used) store.lock("apply").release();
    const run = what.includes("dry") ? dryRunIn : applyIn;
    const outcome = run({ live, store, now }, { desired: RULES });
    assert.deepEqual(
      outcome.notices.map(({ code }) => code),
      notices,
    );
  });
}
