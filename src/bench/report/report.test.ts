import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { reportHtml } from "./html.ts";
import type { Conditions } from "./machine.ts";
import { reportMarkdown } from "./markdown.ts";
import { scaleOf } from "./scale.ts";
import type { Section } from "./section.ts";

const CONDITIONS: Conditions = {
  kernel: "6.1.0",
  cpu: "a <fast> CPU",
  cpus: 2,
  memoryBytes: 2 ** 34,
  load: 0.1,
  started: "2026-01-01T00:00:00.000Z",
  seed: 1,
};

const SECTION: Section = {
  id: "forward",
  title: "Forwarding & more",
  method: "As one does.",
  tables: [{ title: "1,000 connections", head: ["arm", "Mpps"], rows: [["xdp | fast", "2.50 (2.40 - 2.60)"]] }],
  charts: [
    { kind: "bars", title: "Arms", unit: "Mpps", bars: [{ label: "xdp", value: 2.5, low: 2.4, high: 2.6 }] },
    {
      kind: "curves",
      title: "Over the table",
      x: { label: "connections", logarithmic: true },
      y: { label: "Mpps" },
      series: [
        {
          name: "xdp",
          points: [
            { x: 0, y: 2, low: 1.9, high: 2.1 },
            { x: 1e6, y: 1 },
          ],
        },
        {
          name: "netfilter",
          points: [
            { x: 0, y: 2 },
            { x: 1e6, y: 1 },
          ],
        },
      ],
    },
  ],
  findings: ['xdp is "fast"'],
  limits: ["One core does it all."],
};

test("the page needs nothing else, and no text of it is markup", () => {
  const html = reportHtml(CONDITIONS, [SECTION]);
  assert.doesNotMatch(html, /<script|<link|<img|https?:|@import|url\(/);
  assert.match(html, /a &#60;fast&#62; CPU/);
  assert.match(html, /Forwarding &#38; more/);
  assert.match(html, /prefers-color-scheme: dark/);
  assert.doesNotMatch(html, /NaN|Infinity|undefined/);
  for (const tag of ["section", "table", "svg", "text", "rect", "figure", "ul", "li"]) {
    const count = (pattern: string): number => [...html.matchAll(new RegExp(pattern, "g"))].length;
    assert.equal(count(`<${tag}[ >]`), count(`</${tag}>|<${tag}( [^>]*)?/>`), `<${tag}>`);
  }
});

test("names of lines that end at the same height do not lie over each other", () => {
  const html = reportHtml(CONDITIONS, [SECTION]);
  const heights = [...html.matchAll(/<text class="name c\d" x="[\d.]+" y="([\d.]+)"/g)].map(([, y]) => Number(y));
  assert.equal(heights.length, 2);
  assert.ok(Math.abs((heights[0] ?? 0) - (heights[1] ?? 0)) >= 14, heights.join());
});

test("Markdown has every table and sentence", () => {
  const markdown = reportMarkdown(CONDITIONS, [SECTION]);
  assert.match(markdown, /^Measured on: Linux 6\.1\.0, 2 x a <fast> CPU, 16\.0 GiB, load 0\.10 /);
  assert.match(markdown, /\| arm +\| +Mpps \|\n\| -+ \| -+: \|\n\| xdp \\\| fast \| 2\.50 \(2\.40 - 2\.60\) \|/);
  assert.match(markdown, /- One core does it all\./);
});

test("an axis holds its values, and its ends are ticks", () => {
  const values = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e12, noNaN: true })), { minLength: 1 });
  fc.assert(
    fc.property(values, fc.boolean(), (list, logarithmic) => {
      const { at, ticks } = scaleOf({ values: list, from: 0, to: 100, logarithmic });
      assert.ok(
        ticks.length >= 2 && Math.abs(at(ticks[0] ?? 0)) < 1e-6 && Math.abs(at(ticks.at(-1) ?? 0) - 100) < 1e-6,
      );
      for (const value of list)
        assert.ok(at(value) >= -1e-6 && at(value) <= 100 + 1e-6, `${value} lies at ${at(value)}`);
      for (const [i, tick] of ticks.entries()) if (i > 0) assert.ok(tick > (ticks[i - 1] ?? 0));
    }),
    { examples: [[[1e-6, 1.0000000000000012e-6], false]] },
  );
});
