import type { Signals } from "./signals.ts";

/** Signals as JSON, rules and all, so that they can be examined elsewhere. */
export function formatSignals(signals: Signals): string {
  return JSON.stringify(signals, (_, value: unknown) => {
    if (typeof value === "bigint") return { [BIGINT]: String(value) };
    return value instanceof Map ? { [MAP]: [...(value as ReadonlyMap<unknown, unknown>)] } : value;
  });
}

/** What `formatSignals` wrote; undefined for JSON of another form. Throws SyntaxError for what is no JSON. */
export function parseSignals(text: string): Signals | undefined {
  const found: unknown = JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if (BIGINT in value && typeof value[BIGINT] === "string") return BigInt(value[BIGINT]);
    if (MAP in value && Array.isArray(value[MAP])) return new Map(value[MAP] as [unknown, unknown][]);
    return value;
  });
  return isSignals(found) ? found : undefined;
}

/** What JSON has no form for stands in an object with one of these names, which no signal has. */
const BIGINT = "$bigint";
const MAP = "$map";

function isSignals(found: unknown): found is Signals {
  if (typeof found !== "object" || found === null) return false;
  const { version, counters, settings, unseen, seconds } = found as Readonly<Record<string, unknown>>;
  const [isObject, isList] = [(one: unknown) => typeof one === "object" && one !== null, Array.isArray];
  return version === 1 && isObject(counters) && isObject(settings) && isList(unseen) && typeof seconds === "number";
}
