/** An object of JSON whose keys are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Says whether the value is an object, and no list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The list, or an empty one if the value is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text, or an empty one if the value is none. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The first key of an object with what is under it: how nft tells one kind of expression from another. */
export function firstEntry(value: JsonObject): readonly [string, unknown] {
  return Object.entries(value)[0] ?? ["", undefined];
}
