import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { applyGateway, type ApplyOutcome } from "../../src/apply/apply.ts";
import { removeGateway } from "../../src/apply/remove.ts";
import { gatewayStatus } from "../../src/apply/status.ts";
import { createNamespace, deleteNamespace } from "../../src/kernel/namespace.ts";
import { deleteLink } from "../../src/kernel/route/link.ts";
import type { DesiredState } from "../../src/render/desired-state.ts";
import { applyPlace, everything, smallGateway } from "../fixtures/apply-namespace.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";

function withPath<T>(path: string, work: () => T): T {
  const old = process.env["PATH"];
  process.env["PATH"] = path;
  try {
    return work();
  } finally {
    process.env["PATH"] = old;
  }
}

function codes(outcome: ApplyOutcome): string[] {
  return outcome.problems.map(({ code }) => code);
}

const badRule = (desired: DesiredState): DesiredState => ({
  ...desired,
  ruleset: {
    ...desired.ruleset,
    chains: [...desired.ruleset.chains, { name: "bad", rules: ["ip saddr @nowhere drop"] }],
  },
});

const withSysctl = (desired: DesiredState, name: string, value: string): DesiredState => ({
  ...desired,
  sysctls: [...desired.sysctls, { name, value, scope: "namespace", reason: "a test" }],
});

test("what cannot be done is refused with its reason, before anything is touched", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const before = everything(place);
  const good = smallGateway();
  const cases: readonly [string, DesiredState, readonly string[]][] = [
    ["a rule nft does not take", badRule(good), ["kernel-not-found"]],
    [
      "a file of another host: none of its interfaces is here",
      {
        ...good,
        interfacesUp: ["bond7", "bond8"],
        addresses: good.addresses.map((address) => ({ ...address, interface: "bond7" })),
        routes: good.routes.slice(0, 1).map((route) => ({ ...route, interface: "bond8" })),
        proxyNeighbours: [],
      },
      ["interface-missing", "interface-missing"],
    ],
    // One value for all namespaces, 0444 in all but the first.
    [
      "a setting that is read-only here",
      withSysctl(good, "net.netfilter.nf_conntrack_buckets", "4096"),
      ["sysctl-read-only"],
    ],
    ["a setting this kernel lacks", withSysctl(good, "net.ipv4.no_such_thing", "1"), ["sysctl-missing"]],
  ];
  for (const [what, desired, expected] of cases) {
    const outcome = applyGateway({ ...place, desired });
    assert.deepEqual([outcome.outcome, codes(outcome)], ["refused", expected], what);
    assert.deepEqual(everything(place), before, what);
    assert.equal(gatewayStatus(place).state, "absent", what);
  }
});

test("an address or route that is someone else's is not taken over", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const { namespace } = place;
  run(namespace, "ip", "address", "add", "61.138.177.3/27", "dev", "lan");
  run(namespace, "ip", "link", "set", "lan", "up");
  run(namespace, "ip", "route", "add", "default", "via", "61.138.177.9", "dev", "lan");
  const before = everything(place);
  const outcome = applyGateway({ ...place, desired: smallGateway() });
  assert.deepEqual([outcome.outcome, codes(outcome).toSorted()], ["refused", ["address-elsewhere", "route-elsewhere"]]);
  assert.deepEqual(everything(place), before);
  // With another metric it leads nowhere we care about.
  run(namespace, "ip", "route", "del", "default");
  run(namespace, "ip", "address", "del", "61.138.177.3/27", "dev", "lan");
  run(namespace, "ip", "address", "add", "10.10.0.9/24", "dev", "lan");
  run(namespace, "ip", "route", "add", "default", "via", "10.10.0.1", "dev", "lan", "metric", "500");
  assert.equal(applyGateway({ ...place, desired: smallGateway() }).outcome, "applied");
  removeGateway(place);
  assert.match(run(namespace, "ip", "route"), /default via 10\.10\.0\.1 dev lan metric 500/);
});

test("without nft nothing is touched, neither by apply nor by remove", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const empty = `${place.directory}/bin`;
  mkdirSync(empty);
  const before = everything(place);
  const outcome = withPath(empty, () => applyGateway({ ...place, desired: smallGateway() }));
  assert.deepEqual([outcome.outcome, codes(outcome)], ["refused", ["program-missing"]]);
  assert.deepEqual(everything(place), before);

  applyGateway({ ...place, desired: smallGateway() });
  const applied = everything(place);
  const removed = withPath(empty, () => removeGateway(place));
  assert.deepEqual([removed.outcome, removed.problems.map(({ code }) => code)], ["refused", ["program-missing"]]);
  assert.deepEqual(everything(place), applied);
  // What needs no nft works without it.
  assert.equal(withPath(empty, () => applyGateway({ ...place, desired: smallGateway() })).outcome, "unchanged");
});

test("nft that fails half-way: the old state is back, settings and addresses included", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const bin = `${place.directory}/bin`;
  mkdirSync(bin);
  // Checks like the real one, then is out of memory; and reads half of what it is given before it goes.
  writeFileSync(
    `${bin}/nft`,
    `#!/bin/sh\ncase "$*" in "-f -") head -c 100 >/dev/null; echo "Error: Cannot allocate memory" >&2; exit 1;; esac\nexec /usr/sbin/nft "$@"\n`,
  );
  chmodSync(`${bin}/nft`, 0o755);
  const path = `${bin}:${process.env["PATH"] ?? ""}`;
  const before = everything(place);
  const first = withPath(path, () => applyGateway({ ...place, desired: smallGateway() }));
  assert.deepEqual([first.outcome, codes(first)], ["failed", ["kernel-no-memory"]]);
  assert.deepEqual([first.undone?.complete, first.undone?.left], [true, []]);
  assert.match(first.undone?.failedStep ?? "", /^create table ip meganat/);
  assert.deepEqual(everything(place), before);
  assert.equal(gatewayStatus(place).state, "absent");

  applyGateway({ ...place, desired: smallGateway() });
  const applied = everything(place);
  const second = withPath(path, () =>
    applyGateway({
      ...place,
      desired: withSysctl(smallGateway({ portForwards: [] }), "net.ipv4.conf.wan.arp_ignore", "1"),
    }),
  );
  assert.equal(second.outcome, "failed");
  assert.deepEqual(everything(place), applied);
  assert.equal(gatewayStatus(place).state, "in-place");
});

test("an interface that goes between the check and its step: undone as far as can be, and said", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const outcome = applyGateway({
    ...place,
    desired: smallGateway(),
    onStep: ({ step, stage }) => {
      if (step === 3 && stage === "before") deleteLink(place.namespace, "wan");
    },
  });
  assert.deepEqual([outcome.outcome, codes(outcome)], ["failed", ["kernel-not-found"]]);
  assert.equal(run(place.namespace, "nft", "list", "tables"), "");
  assert.doesNotMatch(run(place.namespace, "ip", "-brief", "address"), /10\.10\.0\.1/);
  assert.equal(run(place.namespace, "sysctl", "-n", "net.ipv4.ip_forward"), "0\n");
});

test("a new namespace of the same name inherits nothing", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const namespace = `${place.namespace}b`;
  const lone = { ...smallGateway(), addresses: [], routes: [], interfacesUp: [], proxyNeighbours: [], sysctls: [] };
  const again = { ...place, namespace };
  createNamespace(namespace);
  t.after(() => deleteNamespace(namespace));
  applyGateway({ ...again, desired: lone });
  deleteNamespace(namespace);
  createNamespace(namespace);
  assert.equal(gatewayStatus(again).state, "absent");
  assert.equal(removeGateway(again).outcome, "nothing");
  assert.equal(applyGateway({ ...again, desired: lone }).outcome, "applied");
});
