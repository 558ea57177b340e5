import assert from "node:assert/strict";
import { test } from "node:test";
import { isKernelError } from "../../src/kernel/error.ts";
import {
  checkNft,
  listRuleset,
  listTable,
  readGeneration,
  readTableComment,
  runNft,
} from "../../src/kernel/nftables.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

const TABLE = `table ip meganat {
  comment "campus-border sha256:abc"
  map blocks { type ipv4_addr : interval ipv4_addr . inet_service; elements = { 10.0.0.1 : 61.1.1.1 . 1024-1151 }; }
  chain srcnat { type nat hook postrouting priority srcnat; meta l4proto { tcp, udp } snat ip to ip saddr map @blocks; }
}
`;

test("a script goes in as one transaction and comes out as objects", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  assert.equal(listTable(namespace, "ip", "meganat"), undefined);
  assert.deepEqual(listRuleset(namespace), []);
  runNft(namespace, TABLE);
  const objects = listTable(namespace, "ip", "meganat") ?? assert.fail("no table");
  assert.deepEqual(
    objects.map((object) => Object.keys(object)),
    [["table"], ["map"], ["chain"], ["rule"]],
  );
  assert.match(JSON.stringify(objects[1]), /"elem":\[\["10.0.0.1",/);
  const terse = listTable(namespace, "ip", "meganat", { terse: true }) ?? assert.fail("no table");
  assert.doesNotMatch(JSON.stringify(terse), /"elem"/);
  run(namespace, "nft", "add", "table", "inet", "other");
  assert.equal(listRuleset(namespace).length, objects.length + 1);
  assert.equal(listTable(namespace, "inet", "meganat"), undefined);
});

test("a script with one bad line changes nothing", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  runNft(namespace, TABLE);
  const before = [run(namespace, "nft", "list", "ruleset"), readGeneration(namespace)];
  const scripts = [
    ["add table ip second\nadd rule ip meganat nowhere accept\n", "kernel-not-found"],
    ["add table ip second\nbogus\n", "kernel-rejected"],
    ["add table ip second\nadd element ip meganat blocks { 10.0.0.1 : 61.1.1.2 . 1-2 }\n", "kernel-exists"],
  ] as const;
  for (const [script, code] of scripts) {
    assert.throws(
      () => runNft(namespace, script),
      (error) => isKernelError(error, code) && /stdin:2:/.test(error.kernelSaid ?? ""),
    );
    assert.deepEqual([run(namespace, "nft", "list", "ruleset"), readGeneration(namespace)], before);
  }
});

test("a check changes nothing, and finds what the kernel would refuse", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  const before = readGeneration(namespace);
  checkNft(namespace, TABLE);
  assert.throws(
    () => checkNft(namespace, "add rule ip meganat srcnat accept\n"),
    (error) => isKernelError(error, "kernel-not-found"),
  );
  assert.deepEqual([listRuleset(namespace), readGeneration(namespace)], [[], before]);
});

test("the generation goes up with every transaction, whoever makes it", NEEDS_ROOT, (t) => {
  const [namespace, other] = [ownNamespace(t), ownNamespace(t)];
  const first = readGeneration(namespace);
  runNft(namespace, TABLE);
  const second = readGeneration(namespace);
  run(namespace, "nft", "add", "element", "ip", "meganat", "blocks", "{ 10.0.0.2 : 61.1.1.1 . 1152-1279 }");
  const third = readGeneration(namespace);
  assert.ok(first < second && second < third, `${first} ${second} ${third}`);
  run(namespace, "nft", "list", "ruleset");
  runNft(other, TABLE);
  assert.equal(readGeneration(namespace), third);
});

test("a table's comment is read back", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  assert.equal(readTableComment(namespace, "ip", "meganat"), undefined);
  runNft(namespace, TABLE);
  assert.equal(readTableComment(namespace, "ip", "meganat"), "campus-border sha256:abc");
  assert.equal(readTableComment(namespace, "ip6", "meganat"), undefined);
  runNft(namespace, "table inet bare { }\n");
  assert.equal(readTableComment(namespace, "inet", "bare"), undefined);
  const longest = "x".repeat(127);
  runNft(namespace, `table ip long {\n  comment "${longest}"\n}\n`);
  assert.equal(readTableComment(namespace, "ip", "long"), longest);
});
