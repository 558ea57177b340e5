/** How the flame graph looks. */
export const FLAME_GRAPH_STYLE = `
:root { color-scheme: light dark; --ink: #1d2328; --quiet: #5b6670; --paper: #fff; --line: #d7dde2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecef; --quiet: #9aa6b0; --paper: #14181c; --line: #333c44; } }
body { margin: 0; font: 14px/1.4 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
header { padding: 12px 16px 8px; border-bottom: 1px solid var(--line); position: sticky; top: 0; background: var(--paper); z-index: 1; }
h1 { font-size: 18px; margin: 0; }
p { margin: 2px 0 8px; color: var(--quiet); }
#controls { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
#search { width: 26em; max-width: 60vw; font: inherit; padding: 3px 8px; }
button { font: inherit; padding: 3px 10px; }
#found { color: var(--quiet); }
#legend { margin-left: auto; color: var(--quiet); display: flex; gap: 12px; }
#legend i { display: inline-block; width: 12px; height: 12px; margin-right: 4px; vertical-align: -1px; border-radius: 2px; }
#graph { position: relative; margin: 8px 16px 24px; }
#graph div { position: absolute; box-sizing: border-box; height: 18px; border: 0 solid var(--paper); border-width: 0 1px 1px 0; border-radius: 2px; overflow: hidden; white-space: nowrap; font: 12px/17px ui-monospace, monospace; padding: 0 3px; color: #1d2328; cursor: pointer; }
#graph div:hover, #graph div:focus { outline: 2px solid var(--ink); z-index: 1; }
#graph div.parent { opacity: .6; }
#graph div.found { background: #c026d3 !important; color: #fff; }
#tip { position: fixed; pointer-events: none; max-width: 90vw; padding: 6px 10px; border-radius: 4px; background: #1d2328; color: #fff; font: 12px/1.5 ui-monospace, monospace; z-index: 2; white-space: pre; }
`;

/** What the flame graph does: draws the frames that are wide enough to see, zooms, searches, explains. */
export const FLAME_GRAPH_SCRIPT = `
"use strict";
const { names, kinds, root, compares } = JSON.parse(document.getElementById("data").textContent);
const ROW = 19, NARROWEST = 0.6;
const graph = document.getElementById("graph"), tip = document.getElementById("tip");
const found = document.getElementById("found"), search = document.getElementById("search");
let focus = [root], pattern = null;

const width = (node) => Math.max(node[1], node[2] === null ? 0 : node[2]);
const percent = (part) => (100 * part / Math.max(width(root), 1e-9)).toFixed(2) + " %";

function hash(text) {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return (h >>> 0) / 4294967296;
}

function colour(node) {
  if (compares) {
    const change = (node[1] - node[2]) / Math.max(width(root), 1e-9);
    const strength = Math.min(1, Math.sqrt(Math.abs(change) * 12));
    if (Math.abs(change) < 0.0005) return "hsl(0 0% 88%)";
    return "hsl(" + (change > 0 ? 8 : 214) + " 85% " + (90 - 38 * strength) + "%)";
  }
  const shade = hash(names[node[0]]);
  if (kinds[node[0]] === 1) return "hsl(" + (168 + 16 * shade) + " 55% " + (58 + 12 * shade) + "%)";
  if (kinds[node[0]] === 2) return "hsl(265 65% " + (72 + 8 * shade) + "%)";
  return "hsl(" + (28 + 22 * shade) + " 85% " + (66 + 10 * shade) + "%)";
}

function describe(node) {
  const lines = [names[node[0]]];
  if (compares) {
    lines.push("after  " + percent(node[1]), "before " + percent(node[2]));
    const change = 100 * (node[1] - node[2]) / Math.max(width(root), 1e-9);
    lines.push("change " + (change > 0 ? "+" : "") + change.toFixed(2) + " percentage points");
  } else lines.push(node[1] + " samples, " + percent(node[1]) + " of busy time");
  return lines.join("\\n");
}

function draw() {
  const box = graph.clientWidth, pieces = document.createDocumentFragment();
  let deepest = 0;
  const put = (node, left, wide, depth, parent, path) => {
    deepest = Math.max(deepest, depth);
    const frame = document.createElement("div");
    frame.style.cssText = "left:" + left + "px;width:" + wide + "px;top:" + depth * ROW + "px;background:" + colour(node);
    if (wide > 24) frame.textContent = names[node[0]];
    if (parent) frame.className = "parent";
    if (pattern && pattern.test(names[node[0]])) frame.classList.add("found");
    frame.tabIndex = 0;
    frame.setAttribute("aria-label", describe(node));
    frame.onclick = () => { focus = path; draw(); graph.children[focus.length - 1].scrollIntoView({ block: "center" }); };
    frame.onkeydown = (event) => { if (event.key === "Enter") frame.onclick(); };
    frame.onmousemove = (event) => {
      tip.hidden = false;
      tip.textContent = describe(node);
      tip.style.left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8) + "px";
      tip.style.top = Math.min(event.clientY + 16, innerHeight - tip.offsetHeight - 8) + "px";
    };
    frame.onmouseleave = () => { tip.hidden = true; };
    pieces.append(frame);
  };
  const below = (node, left, wide, depth, path) => {
    put(node, left, wide, depth, false, path);
    // In a comparison the children may be wider together than what calls them: they share its width.
    const sum = node[3].reduce((total, child) => total + width(child), 0);
    const scale = wide / Math.max(width(node), sum, 1e-9);
    for (const child of node[3]) {
      const part = width(child) * scale;
      if (part >= NARROWEST) below(child, left, part, depth + 1, [...path, child]);
      left += part;
    }
  };
  focus.slice(0, -1).forEach((node, depth) => put(node, 0, box, depth, true, focus.slice(0, depth + 1)));
  below(focus[focus.length - 1], 0, box, focus.length - 1, focus);
  graph.replaceChildren(pieces);
  graph.style.height = (deepest + 1) * ROW + "px";
  tip.hidden = true;
}

function matching(node) {
  if (pattern.test(names[node[0]])) return width(node);
  return node[3].reduce((total, child) => total + matching(child), 0);
}

search.oninput = () => {
  try {
    pattern = search.value === "" ? null : new RegExp(search.value, "i");
    found.textContent = pattern === null ? "" : "found in " + percent(root[3].reduce((total, child) => total + matching(child), 0));
  } catch {
    pattern = null;
    found.textContent = "no regular expression yet";
  }
  draw();
};
document.getElementById("reset").onclick = () => { focus = [root]; draw(); };
addEventListener("keydown", (event) => {
  if (event.key === "Escape") { focus = [root]; draw(); }
});
addEventListener("resize", draw);
document.getElementById("legend").innerHTML = (compares
  ? [["hsl(8 85% 60%)", "more than before"], ["hsl(214 85% 60%)", "less"], ["hsl(0 0% 88%)", "the same"]]
  : [["hsl(172 55% 62%)", "NAT"], ["hsl(265 65% 76%)", "eBPF"], ["hsl(38 85% 70%)", "other"]]
).map(([paint, text]) => '<span><i style="background:' + paint + '"></i>' + text + "</span>").join("");
draw();
`;
