import assert from "node:assert/strict";
import { test } from "node:test";
import { Script } from "node:vm";
import { differenceFlameGraph, flameGraph } from "./flame-graph.ts";
import { IDLE } from "./fold.ts";

const TITLE = { title: "A <b> & c", subtitle: "here" };

type PageNode = readonly [name: number, samples: number, before: number | null, children: readonly PageNode[]];

interface Data {
  readonly names: readonly string[];
  readonly kinds: readonly number[];
  readonly root: PageNode;
  readonly compares: boolean;
}

function dataOf(page: string): Data {
  const [, text] = /<script id="data" type="application\/json">(.*?)<\/script>/s.exec(page) ?? [];
  assert.ok(text !== undefined);
  return JSON.parse(text) as Data;
}

void test("a page that needs nothing else", () => {
  const page = flameGraph(new Map([["a;</script><img src=x>", 1]]), TITLE);
  assert.ok(page.includes("<title>A &lt;b&gt; &amp; c</title>"));
  assert.deepEqual(dataOf(page).names, ["all", "a", "</script><img src=x>"]);
  assert.equal(page.split("</script>").length, 3, "a function's name ends no script");
  assert.doesNotMatch(page.replaceAll("http://www.w3.org", ""), /https?:|src="|href=|@import|url\(/);
});

void test("the page's program is JavaScript", () => {
  const page = flameGraph(new Map([["a;b", 1]]), TITLE);
  const [program] = [...page.matchAll(/<script>(.*?)<\/script>/gs)].map(([, text = ""]) => text);
  assert.ok(program !== undefined);
  assert.doesNotThrow(() => new Script(program));
});

void test("frames with their samples, NAT and eBPF told apart, idle left out", () => {
  const { names, kinds, root, compares } = dataOf(
    flameGraph(
      new Map([
        ["node;ip_rcv;nf_hook_slow", 6],
        ["node;ip_rcv", 2],
        ["node;eBPF:x", 2],
        [`s;${IDLE}`, 90],
      ]),
      TITLE,
    ),
  );
  assert.equal(compares, false);
  assert.deepEqual(names, ["all", "node", "ip_rcv", "nf_hook_slow", "eBPF:x"]);
  assert.deepEqual(kinds, [0, 0, 0, 1, 2]);
  assert.deepEqual(root, [
    0,
    10,
    null,
    [
      [
        1,
        10,
        null,
        [
          [2, 8, null, [[3, 6, null, []]]],
          [4, 2, null, []],
        ],
      ],
    ],
  ]);
});

void test("a comparison has both", () => {
  const { names, root, compares } = dataOf(
    differenceFlameGraph(
      new Map([
        ["a;b", { before: 5, after: 5 }],
        ["a;gone", { before: 3, after: 0 }],
        ["a;new", { before: 0, after: 3 }],
      ]),
      TITLE,
    ),
  );
  assert.equal(compares, true);
  const named = ([name, after, before, children]: PageNode): unknown => [
    names[name],
    after,
    before,
    ...children.map(named),
  ];
  assert.deepEqual(named(root), ["all", 8, 8, ["a", 8, 8, ["b", 5, 5], ["new", 3, 0], ["gone", 0, 3]]]);
});
