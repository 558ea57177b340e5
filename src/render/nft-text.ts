import type { NftChain, NftCounter, NftSet, Ruleset } from "./desired-state.ts";

const INDENT = "  ";
/** Elements in one command: small enough that an error message stays readable. */
const CHUNK = 4096;

/** The whole table as nft reads it, for a namespace that has none of the name yet. */
export function writeRuleset(ruleset: Ruleset): string {
  const { family, table, comment, counters, sets, chains } = ruleset;
  const blocks = [
    ...(counters.length === 0 ? [] : [counters.map(writeCounter).join("\n")]),
    ...sets.map(writeSet),
    ...chains.map(writeChain),
  ];
  const body = [`${INDENT}comment "${comment}"`, ...blocks.map(indent)].join("\n\n");
  return `table ${family} ${table} {\n${body}\n}\n`;
}

/** The whole table in place of whatever it held, in one transaction. */
export function replaceRuleset(ruleset: Ruleset): string {
  const name = `${ruleset.family} ${ruleset.table}`;
  // A table must exist to be deleted; declaring it first does no harm if it does.
  return `table ${name}\ndelete table ${name}\n${writeRuleset(ruleset)}`;
}

/** The declaration of a counter, to stand inside the table. */
export function writeCounter(counter: NftCounter): string {
  return `${hash(counter.about)}counter ${counter.name} { }`;
}

/** The declaration of a set or map with its elements, to stand inside the table. */
export function writeSet(set: NftSet): string {
  const lines = [`type ${set.key}${set.data === undefined ? "" : ` : ${set.data}`}`];
  if (set.size !== undefined) lines.push(`size ${set.size}`);
  if (set.flags.length > 0) lines.push(`flags ${set.flags.join(", ")}`);
  if (set.counts === true) lines.push("counter");
  if (set.elements.length > 0) lines.push(`elements = ${writeElements(set.elements)}`);
  return `${hash(set.about)}${kindOf(set)} ${set.name} {\n${lines.map((line) => INDENT + line).join("\n")}\n}`;
}

/** The declaration of a chain with its rules, to stand inside the table. */
export function writeChain(chain: NftChain): string {
  const { hook } = chain;
  const head =
    hook === undefined ? [] : [`type ${hook.type} hook ${hook.hook} priority ${hook.priority}; policy accept;`];
  const lines = [...head, ...chain.rules].map((line) => INDENT + line).join("\n");
  return `${hash(chain.about)}chain ${chain.name} {\n${lines}\n}`;
}

/** Parts inside `table ip meganat { ... }`: added to what the table holds. */
export function addToTable(parts: readonly string[]): string {
  return `table ip meganat {\n${parts.map(indent).join("\n\n")}\n}\n`;
}

/** The command that deletes a chain. */
export function deleteChain(name: string): string {
  return `delete chain ip meganat ${name}\n`;
}

/** The command that deletes a set or map. */
export function deleteSet(set: Pick<NftSet, "name" | "data">): string {
  return `delete ${kindOf(set)} ip meganat ${set.name}\n`;
}

/** The command that deletes a counter. */
export function deleteCounter(name: string): string {
  return `delete counter ip meganat ${name}\n`;
}

/** Commands that add elements to a set of the table; nothing for no elements. */
export function addElements(set: Pick<NftSet, "name">, elements: readonly string[]): string {
  return elementCommands("add", set.name, elements);
}

/** Commands that delete elements, given whole or by key, from a set of the table; nothing for no elements. */
export function deleteElements(set: Pick<NftSet, "name">, elements: readonly string[]): string {
  return elementCommands("delete", set.name, elements.map(elementKey));
}

/** The key of an element: what stands before ` : `. */
export function elementKey(element: string): string {
  const colon = element.indexOf(" : ");
  return colon < 0 ? element : element.slice(0, colon);
}

function elementCommands(verb: "add" | "delete", name: string, elements: readonly string[]): string {
  let text = "";
  for (let i = 0; i < elements.length; i += CHUNK) {
    text += `${verb} element ip meganat ${name} ${writeElements(elements.slice(i, i + CHUNK))}\n`;
  }
  return text;
}

function writeElements(elements: readonly string[]): string {
  const line = elements.length > 8 ? undefined : `{ ${elements.join(", ")} }`;
  if (line !== undefined && line.length <= 100) return line;
  return `{\n${INDENT}${INDENT}${elements.join(`,\n${INDENT}${INDENT}`)}\n${INDENT}}`;
}

function kindOf(set: Pick<NftSet, "data">): "set" | "map" {
  return set.data === undefined ? "set" : "map";
}

function hash(about: string | undefined): string {
  return about === undefined ? "" : `# ${about.replaceAll(/\p{C}/gu, " ")}\n`;
}

function indent(text: string): string {
  return INDENT + text.replaceAll("\n", `\n${INDENT}`);
}
