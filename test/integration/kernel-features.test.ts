import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { hasFeature, probeFeatures, type Feature } from "../../src/kernel/features.ts";
import { lacksLinkKind } from "../../src/kernel/link-kinds.ts";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { readKernelConfig } from "../../src/kernel/proc.ts";
import { CATALOGUE } from "../../src/kernel/features/catalogue.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

/** Features that depend on more than the kernel's configuration. */
const NOT_BY_CONFIG_ALONE = new Set(["hardware-counters", "user-namespaces", "bpf-kprobe"]);

function traces(namespace: string | undefined): unknown[] {
  return [
    run(namespace, "ip", "link"),
    run(namespace, "nft", "list", "ruleset"),
    run(namespace, "tc", "qdisc"),
    readFileSync("/proc/self/mountinfo", "utf8"),
    existsSync("/sys/module") ? readdirSync("/sys/module") : [],
    readdirSync("/proc/self/fd").length,
  ];
}

test("what is found by trying is what the kernel's configuration says", NEEDS_ROOT, (t) => {
  const config = readKernelConfig();
  if (config === undefined) return t.skip("this kernel's configuration is kept nowhere");
  const found = new Map(probeFeatures(undefined).map((feature) => [feature.id, feature]));
  for (const { id, config: symbols } of CATALOGUE) {
    if (NOT_BY_CONFIG_ALONE.has(id)) continue;
    const { present, detail } = found.get(id) ?? assert.fail(id);
    assert.equal(
      present,
      symbols.every((symbol) => config.has(symbol)),
      `${id}: ${detail}`,
    );
  }
});

test("asking leaves nothing behind", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  probeFeatures(namespace);
  const before = traces(namespace);
  probeFeatures(namespace);
  assert.deepEqual(traces(namespace), before);
});

test("without permission every question still has an answer", NEEDS_ROOT, () => {
  const module = JSON.stringify(ownModule("../../src/kernel/features", import.meta.url).href);
  const script = `import(${module}).then((k) => console.log(JSON.stringify(k.probeFeatures(undefined))))`;
  // Root without any capability, for the checkout may be where only root can read.
  const powerless = ["--bounding-set", "-all", "--inh-caps", "-all"];
  const features = JSON.parse(
    run(undefined, "setpriv", ...powerless, process.execPath, ...loaderWords(import.meta.url), "-e", script),
  ) as Feature[];
  assert.deepEqual(
    features.map((feature) => feature.id),
    CATALOGUE.map((definition) => definition.id),
  );
  for (const feature of features) assert.ok([true, false, "unknown"].includes(feature.present), feature.id);
  const nftables = features.find((feature) => feature.id === "nf-tables");
  assert.match(nftables?.detail ?? "", /needs root/);
});

test("what files alone say of bonds and VLANs is what the kernel says when it is asked", NEEDS_ROOT, () => {
  for (const [kind, feature] of [
    ["bond", "bonding"],
    ["vlan", "vlan"],
  ] as const) {
    assert.equal(lacksLinkKind(kind), !hasFeature(feature), kind);
  }
});
