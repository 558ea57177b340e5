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

/** Says whether a value from JSON is an object with keys. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
