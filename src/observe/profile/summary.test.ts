import assert from "node:assert/strict";
import { test } from "node:test";
import { callersOf, callTree, largestFirst, treeBelow, type CallNode } from "./call-tree.ts";
import { alignStacks, compareProfiles } from "./difference.ts";
import { IDLE, USER } from "./fold.ts";
import { partOf } from "./part.ts";
import { summarize } from "./summary.ts";

/** As folded from a gateway under load, shortened. */
const LOAD = new Map([
  [`swapper/0;${IDLE}`, 100],
  [`node;${USER}`, 20],
  ["node;softirq;ip_rcv", 20],
  ["node;softirq;ip_rcv;nf_hook_slow;nf_conntrack_in;__nf_conntrack_find_get", 30],
  ["node;softirq;ip_rcv;nf_hook_slow;nf_conntrack_in;init_conntrack;kmem_cache_alloc", 10],
  ["node;softirq;ip_output;nf_hook_slow;nft_nat_do_chain;nft_do_chain", 5],
  ["node;softirq;ip_output;nf_hook_slow;nf_nat_inet_fn;nf_nat_setup_info;nf_conntrack_tuple_taken", 10],
  ["kworker;gc_worker", 5],
]);

void test("shares of the busy time, and the parts of NAT", () => {
  const { samples, idle, user, kernel, nat, parts, functions } = summarize(LOAD, 2);
  assert.deepEqual({ samples, idle, user, kernel }, { samples: 200, idle: 100, user: 20, kernel: 80 });
  assert.deepEqual([nat.samples, nat.share], [60, 0.6]);
  assert.deepEqual(
    parts.map(({ id, samples: count }) => [id, count]),
    [
      ["lookup", 30],
      ["port-search", 10],
      ["new", 10],
      ["gc", 5],
      ["rules", 5],
    ],
  );
  assert.deepEqual(functions, [
    { name: "__nf_conntrack_find_get", samples: 30, share: 0.3 },
    { name: "ip_rcv", samples: 20, share: 0.2 },
  ]);
});

void test("nothing sampled has no shares", () => {
  assert.equal(summarize(new Map()).nat.share, 0);
});

void test("a stack belongs to the innermost part", () => {
  const cases: readonly (readonly [readonly string[], string | undefined])[] = [
    [["ip_rcv", "nf_hook_slow", "nf_conntrack_in", "resolve_normal_ct"], "lookup"],
    [["nf_hook_slow", "nf_conntrack_in", "some_lock"], "protocol"],
    [["nf_hook_slow", "nft_do_chain", "nft_nat_eval", "nf_nat_setup_info", "get_unique_tuple"], "port-search"],
    [["nf_hook_slow", "nf_confirm", "__nf_conntrack_confirm"], "confirm"],
    [["tcp_v4_rcv"], undefined],
    [[], undefined],
  ];
  for (const [frames, id] of cases) assert.equal(partOf(frames)?.id, id, frames.join(";"));
});

function shape(node: CallNode): unknown {
  return [node.name, node.samples, ...largestFirst(node).map(shape)];
}

void test("call trees", () => {
  assert.deepEqual(callersOf(LOAD, "nf_hook_slow"), [
    ["ip_rcv", 40],
    ["ip_output", 15],
  ]);
  const below = treeBelow(LOAD, "nf_nat_inet_fn");
  assert.ok(below !== undefined);
  assert.deepEqual(shape(below), ["nf_nat_inet_fn", 10, ["nf_nat_setup_info", 10, ["nf_conntrack_tuple_taken", 10]]]);
  assert.equal(treeBelow(LOAD, "nobody"), undefined);
  assert.equal(callTree(LOAD).samples, 200);
});

void test("two profiles of different length are compared by shares", () => {
  const before = new Map([
    ["a;nft_do_chain", 10],
    ["a;ip_rcv", 10],
    [`s;${IDLE}`, 99],
  ]);
  const after = new Map([
    ["a;nft_do_chain", 100],
    ["a;tcp_v4_rcv", 300],
  ]);
  const { nat, functions } = compareProfiles(before, after);
  assert.deepEqual([nat.before, nat.after], [0.5, 0.25]);
  assert.deepEqual(
    functions.map(({ name, before: then, after: now }) => [name, then, now]),
    [
      ["tcp_v4_rcv", 0, 0.75],
      ["ip_rcv", 0.5, 0],
      ["nft_do_chain", 0.5, 0.25],
    ],
  );
  assert.deepEqual(alignStacks(before, after).get("a;nft_do_chain"), { before: 200, after: 100 });
});
