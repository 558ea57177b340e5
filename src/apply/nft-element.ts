import { formatIpv4Range, parseIpv4Range } from "../address/ipv4-range.ts";

/** Writes an element as nft lists it: ranges that are prefixes as prefixes, single blanks. */
export function canonicalElement(element: string): string {
  return element
    .trim()
    .split(/\s+:\s+/)
    .map((side) =>
      side
        .split(/\s+\.\s+/)
        .map(canonicalComponent)
        .join(" . "),
    )
    .join(" : ");
}

function canonicalComponent(component: string): string {
  if (/^\d+\.\d/.test(component)) {
    const range = parseIpv4Range(component);
    return range === undefined ? component : formatIpv4Range(range);
  }
  if (/^0x[0-9a-f]+$/i.test(component)) return String(Number(component));
  const ports = /^(\d+)-(\d+)$/.exec(component);
  return ports?.[1] !== undefined && ports[1] === ports[2] ? ports[1] : component;
}

/**
 * Reads one member of `elem` in `nft -j list`: for a map a pair of key and data.
 * nft wraps elements that carry a comment or counter in `{elem: {val}}`.
 */
export function elementFromJson(json: unknown): string {
  return canonicalElement(Array.isArray(json) ? json.map(expressionText).join(" : ") : expressionText(json));
}

function expressionText(json: unknown): string {
  if (typeof json === "string" || typeof json === "number") return String(json);
  if (isObject(json)) {
    if (Array.isArray(json["concat"])) return json["concat"].map(expressionText).join(" . ");
    if (Array.isArray(json["range"])) return json["range"].map(expressionText).join("-");
    const prefix = json["prefix"];
    if (isObject(prefix)) return `${String(prefix["addr"])}/${String(prefix["len"])}`;
    const wrapped = json["elem"];
    if (isObject(wrapped)) return expressionText(wrapped["val"]);
  }
  // A verdict or something newer: equal to itself, which is what comparing needs.
  return JSON.stringify(json);
}

/** Says whether a value from JSON is an object with keys. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
