import { conditionsLine, type Conditions } from "./machine.ts";
import type { ReportTable, Section } from "./section.ts";
import { chartSvg, escapeHtml } from "./svg.ts";

const STYLE = `
:root { color-scheme: light dark; --page: #fff; --ink: #1d2129; --quiet: #646b78; --rule: #dfe2e8; --bar: #3468c0;
  --c0: #3468c0; --c1: #c0562b; --c2: #2f8a4f; --c3: #8a4fb0; --c4: #a07a12; --c5: #28838c; }
@media (prefers-color-scheme: dark) { :root { --page: #15181d; --ink: #e4e7ec; --quiet: #9aa2af; --rule: #31363f;
  --bar: #6f9fee; --c0: #6f9fee; --c1: #ee9468; --c2: #69c689; --c3: #c08fe6; --c4: #d9b44a; --c5: #5cc0ca; } }
body { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 54rem;
  padding: 2rem 1rem; }
h1, h2, h3 { line-height: 1.2; } h2 { border-top: 1px solid var(--rule); margin-top: 2.5rem; padding-top: 1.5rem; }
.quiet { color: var(--quiet); } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 0.5rem 0 1.5rem; }
caption { font-weight: 600; padding-bottom: 0.3rem; text-align: left; }
th, td { border-bottom: 1px solid var(--rule); padding: 0.25rem 0.75rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
figure { margin: 1rem 0 1.5rem; } figcaption { font-weight: 600; } svg { height: auto; width: 100%; }
svg text { fill: var(--ink); font: 14px system-ui, sans-serif; } svg text.quiet { fill: var(--quiet); }
.grid { stroke: var(--rule); } .bar { fill: var(--bar); opacity: 0.75; } .whisker { stroke: var(--ink); stroke-width: 1.5; }
.curve { fill: none; stroke-width: 2; }
${[0, 1, 2, 3, 4, 5].map((i) => `polyline.c${i}, line.c${i} { stroke: var(--c${i}); } circle.c${i}, svg text.c${i} { fill: var(--c${i}); }`).join("\n")}
`;

/** The whole report as one HTML page that needs nothing else: no network, no script. */
export function reportHtml(conditions: Conditions, sections: readonly Section[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MegaNAT benchmark</title>
<style>${STYLE}</style>
</head>
<body>
<h1>MegaNAT benchmark</h1>
<p class="quiet">${escapeHtml(conditionsLine(conditions))}</p>
<p class="quiet">Medians; in brackets and as whiskers their 95 % intervals.</p>
${sections.map(sectionHtml).join("\n")}
</body>
</html>
`;
}

function sectionHtml({ id, title, method, tables, charts, findings, limits }: Section): string {
  return [
    `<section id="${escapeHtml(id)}">`,
    `<h2>${escapeHtml(title)}</h2>`,
    `<p>${escapeHtml(method)}</p>`,
    list(findings),
    ...charts.map((chart) => `<figure><figcaption>${escapeHtml(chart.title)}</figcaption>${chartSvg(chart)}</figure>`),
    ...tables.map(tableHtml),
    limits.length === 0 ? "" : `<h3>What limits these figures</h3>${list(limits)}`,
    "</section>",
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function list(sentences: readonly string[]): string {
  if (sentences.length === 0) return "";
  return `<ul>\n${sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join("\n")}\n</ul>`;
}

function tableHtml({ title, head, rows }: ReportTable): string {
  const row = (tag: "th" | "td", cells: readonly string[]): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><caption>${escapeHtml(title)}</caption>
<thead>${row("th", head)}</thead>
<tbody>
${rows.map((cells) => row("td", cells)).join("\n")}
</tbody></table></div>`;
}
