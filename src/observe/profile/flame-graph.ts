import { callNode, largestFirst, type CallNode } from "./call-tree.ts";
import { FLAME_GRAPH_SCRIPT, FLAME_GRAPH_STYLE } from "./flame-graph-page.ts";
import { IDLE, type FoldedStacks } from "./fold.ts";
import { partOf } from "./part.ts";

/** What stands above the graph. */
export interface FlameGraphTitle {
  readonly title: string;
  /** How, where and when it was made. */
  readonly subtitle: string;
}

/** A frame as the page gets it: name's number, samples, samples before (in a comparison only), children. */
type PageNode = readonly [name: number, samples: number, before: number | null, children: readonly PageNode[]];

/** Frames narrower than this share of the whole are not drawn even when zoomed in, and only make the file large. */
const SMALLEST_SHARE = 1 / 20_000;

/** A flame graph of folded stacks: one HTML file that needs nothing else. Idle processors are left out. */
export function flameGraph(stacks: FoldedStacks, title: FlameGraphTitle): string {
  const tree = callNode("all");
  for (const [stack, samples] of stacks) add(tree, stack, samples);
  const names = new Names();
  return page(title, names, pageNode(tree, names, tree.samples * SMALLEST_SHARE), false);
}

/**
 * A flame graph of the second profile, coloured by what changed against the first: red grew, blue shrank. Both as shares:
 * `before` is given in samples of the second.
 */
export function differenceFlameGraph(
  stacks: ReadonlyMap<string, { readonly before: number; readonly after: number }>,
  title: FlameGraphTitle,
): string {
  const after = callNode("all");
  const before = callNode("all");
  for (const [stack, samples] of stacks) {
    // As wide as the larger of both: what has gone must be seen as well.
    add(after, stack, samples.after);
    add(before, stack, samples.before);
  }
  const names = new Names();
  const smallest = Math.max(after.samples, before.samples) * SMALLEST_SHARE;
  return page(title, names, differenceNode("all", after, before, names, smallest), true);
}

class Names {
  readonly list: string[] = [];
  /** For each name: 0 other, 1 NAT, 2 eBPF. */
  readonly kinds: number[] = [];
  readonly #numbers = new Map<string, number>();

  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.list.length);
    this.kinds.push(name.startsWith("eBPF:") ? 2 : partOf([name]) === undefined ? 0 : 1);
    return this.list.push(name) - 1;
  }
}

function add(top: CallNode, stack: string, samples: number): void {
  const frames = stack.split(";");
  if (samples === 0 || frames.at(-1) === IDLE) return;
  let node = top;
  node.samples += samples;
  for (const name of frames) {
    const child = node.children.get(name) ?? callNode(name);
    node.children.set(name, child);
    child.samples += samples;
    node = child;
  }
}

function pageNode(node: CallNode, names: Names, smallest: number): PageNode {
  const children = largestFirst(node).filter((child) => child.samples >= smallest);
  return [names.number(node.name), node.samples, null, children.map((child) => pageNode(child, names, smallest))];
}

function differenceNode(
  name: string,
  after: CallNode | undefined,
  before: CallNode | undefined,
  names: Names,
  smallest: number,
): PageNode {
  const children = new Set([...(after?.children.keys() ?? []), ...(before?.children.keys() ?? [])]);
  const nodes = [...children]
    .filter((child) => larger(after?.children.get(child), before?.children.get(child)) >= smallest)
    .map((child) => differenceNode(child, after?.children.get(child), before?.children.get(child), names, smallest))
    .toSorted((a, b) => b[1] - a[1]);
  return [names.number(name), round(after?.samples ?? 0), round(before?.samples ?? 0), nodes];
}

function larger(a: CallNode | undefined, b: CallNode | undefined): number {
  return Math.max(a?.samples ?? 0, b?.samples ?? 0);
}

function round(samples: number): number {
  return Math.round(samples * 100) / 100;
}

function page({ title, subtitle }: FlameGraphTitle, names: Names, root: PageNode, compares: boolean): string {
  const data = JSON.stringify({ names: names.list, kinds: names.kinds, root, compares }).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${FLAME_GRAPH_STYLE}</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(subtitle)}</p>
<div id="controls">
<input id="search" type="search" placeholder="search functions (regular expression)" aria-label="search functions">
<button id="reset" type="button">whole graph</button>
<span id="found" role="status"></span>
<span id="legend"></span>
</div>
</header>
<main id="graph" aria-label="flame graph"></main>
<div id="tip" hidden></div>
<script id="data" type="application/json">${data}</script>
<script>${FLAME_GRAPH_SCRIPT}</script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
