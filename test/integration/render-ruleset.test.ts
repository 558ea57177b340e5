import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Gateway } from "../../src/config/gateway.ts";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { checkNft, listTable, readTableComment, runNft } from "../../src/kernel/nftables.ts";
import type { NftSet, Ruleset } from "../../src/render/desired-state.ts";
import { writeIptables } from "../../src/render/iptables.ts";
import {
  expectedSet,
  parseListing,
  priorityNumber,
  type ListedSet,
  type TableListing,
} from "../../src/render/listing.ts";
import {
  addElements,
  addToTable,
  deleteElements,
  elementKey,
  replaceRuleset,
  writeRuleset,
  writeSet,
} from "../../src/render/nft-text.ts";
import { renderState } from "../../src/render/render.ts";
import { addressSet } from "../../src/render/source-nat.ts";
import { arbitraryGateway } from "../arbitrary/gateway.ts";
import { NEEDS_ROOT, ownNamespace } from "../fixtures/own-namespaces.ts";
import { forward, link, planOf, pool, source, staticNat, twiceNat } from "../fixtures/plan-of.ts";

const RUNS = 40;

/** Everything at once, with names nft and the shell would rather not see. */
const AWKWARD: Gateway = planOf({
  name: `"; flush ruleset; # ${"ü".repeat(90)}`,
  links: [
    link("wan", "61.138.177.2/24", { gateway: "61.138.177.1", interface: "odd*" }),
    link("in-side", "10.10.0.1/16", { interface: "br-0.100" }),
    link("vpn", "172.16.0.1/24", { interface: "@vpn#1" }),
  ],
  pools: [pool("p", "61.138.177.3-61.138.177.9"), pool("r", "61.138.178.0/30", { reachedBy: "route" })],
  sourceNat: [
    source("fwd", "10.10.1.0/24", "p", { perSubscriber: 128, random: true, untranslatedTo: "192.0.2.0/24" }),
    source('a "b"\n# c', "10.10.2.0/24", "r", { except: "10.10.2.7" }),
    source("a 'b' # c", "10.10.3.0/24", "masquerade", { random: true }),
    source("élan vital ".repeat(20), "10.10.4.0/24", "61.138.177.2"),
    source("一", "10.10.5.0/31", "61.138.177.30", { perSubscriber: 1 }),
    source("all", "0.0.0.0/0", "masquerade"),
  ],
  portForwards: [
    forward("one", "61.138.177.3:8080/tcp+udp", "10.10.0.2:80"),
    forward("same", "61.138.177.3:20000-20100/tcp+udp", "10.10.0.2"),
    forward("shifted", "61.138.177.2:3000-3100/udp", "10.10.0.2:4000-4100"),
  ],
  staticNat: [
    staticNat("61.138.177.40", "10.10.0.4"),
    staticNat("61.138.177.64/28", "10.10.6.16/28", { reachedBy: "proxy-arp" }),
    staticNat("61.138.177.81-61.138.177.87", "10.10.7.2-10.10.7.8"),
  ],
  twiceNat: [twiceNat("t", "in-side 192.168.1.0/24 10.1.1.0/24", "vpn 192.168.1.0/24 10.2.2.0/24 172.16.0.2")],
}).gateway;

function rulesetOf(gateway: Gateway): Ruleset {
  return renderState(planOf(gateway)).ruleset;
}

function listing(namespace: string): TableListing {
  const objects = listTable(namespace, "ip", "meganat");
  assert.ok(objects !== undefined, "the table is not there");
  return parseListing(objects);
}

function inOrder(sets: readonly ListedSet[]): ListedSet[] {
  return sets
    .map((set) => ({ ...set, elements: set.elements.toSorted() }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What the kernel holds is what was rendered, as far as a listing can be compared with it. */
function assertLoaded(namespace: string, ruleset: Ruleset): TableListing {
  const live = listing(namespace);
  assert.deepEqual(inOrder(live.sets), inOrder(ruleset.sets.map(expectedSet)));
  assert.deepEqual(live.counters.map(({ name }) => name).sort(), ruleset.counters.map(({ name }) => name).sort());
  const shape = ruleset.chains.map(({ name, hook, rules }) => {
    const { type, hook: at, priority } = hook ?? {};
    return [name, type, at, priority === undefined ? undefined : priorityNumber(priority), rules.length];
  });
  assert.deepEqual(
    live.chains.map(({ name, hook, rules }) => [name, hook?.type, hook?.hook, hook?.priority, rules.length]),
    shape,
  );
  assert.equal(readTableComment(namespace, "ip", "meganat"), ruleset.comment);
  return live;
}

test("the kernel takes every ruleset and holds what was rendered", NEEDS_ROOT, (t) => {
  const empty = ownNamespace(t);
  const first = ownNamespace(t);
  const second = ownNamespace(t);
  fc.assert(
    fc.property(arbitraryGateway(), (gateway) => {
      const ruleset = rulesetOf(gateway);
      for (const set of ruleset.sets) {
        assert.equal(new Set(set.elements.map(elementKey)).size, set.elements.length, `a key twice in ${set.name}`);
      }
      checkNft(empty, writeRuleset(ruleset));
      runNft(first, replaceRuleset(ruleset));
      runNft(second, replaceRuleset(ruleset));
      // The same rules are listed the same wherever and however often they are loaded: that is what drift is seen by.
      const { chains } = assertLoaded(first, ruleset);
      assert.deepEqual(listing(second).chains, chains);
      runNft(first, replaceRuleset(ruleset));
      assert.deepEqual(listing(first).chains, chains);
    }),
    { numRuns: RUNS, examples: [[AWKWARD]], includeErrorInReport: true },
  );
});

test("a rule changed, moved, added or taken by someone else shows in the listing", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  const ruleset = rulesetOf(AWKWARD);
  for (const chain of ruleset.chains) {
    const others: readonly (readonly string[])[] = [
      [...chain.rules, "counter drop"],
      chain.rules.slice(1),
      chain.rules.length > 1 ? chain.rules.toReversed() : ["accept"],
    ];
    runNft(namespace, replaceRuleset(ruleset));
    const before = listing(namespace).chains;
    for (const rules of others) {
      const chains = ruleset.chains.map((other) => (other === chain ? { ...chain, rules } : other));
      runNft(namespace, replaceRuleset({ ...ruleset, chains }));
      const differing = listing(namespace).chains.filter(
        (live, i) => JSON.stringify(live) !== JSON.stringify(before[i]),
      );
      assert.deepEqual(
        differing.map(({ name }) => name),
        [chain.name],
      );
    }
  }
});

test("every element can be deleted by its key and added again", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  const ruleset = rulesetOf(AWKWARD);
  runNft(namespace, replaceRuleset(ruleset));
  for (const set of ruleset.sets) {
    runNft(namespace, deleteElements(set, set.elements));
    assert.deepEqual(listing(namespace).sets.find(({ name }) => name === set.name)?.elements, [], set.name);
    runNft(namespace, addElements(set, set.elements));
  }
  assertLoaded(namespace, ruleset);
});

test("a set goes from any ranges to any others by the elements that differ, in one transaction", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  const range = fc
    .tuple(fc.nat({ max: 300 }), fc.nat({ max: 40 }))
    .map(([first, size]) => ({ first: 0x0a000000 + first, last: 0x0a000000 + first + size }));
  const ranges = fc.array(range, { maxLength: 12 });
  fc.assert(
    fc.property(ranges, ranges, (before, after) => {
      const [from, to] = [before, after].map((list) => addressSet("s", list, "")) as [NftSet, NftSet];
      runNft(namespace, `table ip meganat\ndelete table ip meganat\n${addToTable([writeSet(from)])}`);
      const gone = from.elements.filter((element) => !to.elements.includes(element));
      const added = to.elements.filter((element) => !from.elements.includes(element));
      runNft(namespace, `${deleteElements(from, gone)}${addElements(to, added)}`);
      assert.deepEqual(inOrder(listing(namespace).sets), inOrder([expectedSet(to)]));
    }),
    { numRuns: RUNS },
  );
});

for (const program of ["iptables-nft-restore", "iptables-legacy-restore"]) {
  test(`${program} takes the iptables form of every gateway`, NEEDS_ROOT, (t) => {
    const namespace = ownNamespace(t);
    if (!works(namespace, program)) {
      t.skip(`${program} is not there, or this kernel lacks what it needs`);
      return;
    }
    fc.assert(
      fc.property(arbitraryGateway(), (gateway) => {
        const text = writeIptables(planOf(gateway));
        const { status, stderr } = runInNamespace(namespace, program, ["--test", "--noflush"], { input: text });
        assert.equal(status, 0, `${stderr}\n${text}`);
      }),
      { numRuns: RUNS, examples: [[AWKWARD]], includeErrorInReport: true },
    );
  });
}

function works(namespace: string, program: string): boolean {
  try {
    return runInNamespace(namespace, program, ["--test"], { input: "*nat\nCOMMIT\n" }).status === 0;
  } catch {
    return false;
  }
}
