import { readFileSync } from "node:fs";
import { gatewayJsonSchema } from "../../src/config/json-schema.ts";
import { PROBLEM_CODES } from "../../src/config/problem-codes.ts";
import { PATTERNS } from "../../src/config/schema/patterns.ts";
import { PLAN_PROBLEM_CODES } from "../../src/plan/problem-codes.ts";

/** What is used here of JSON Schema. */
interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly (string | number)[];
  readonly pattern?: string;
  readonly examples?: readonly (string | number)[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

const WORDS: Readonly<Record<keyof typeof PATTERNS, string>> = {
  name: "name",
  interface: "interface",
  address: "address",
  prefix: "prefix",
  interfaceAddresses: "prefix, or range/length",
  range: "range",
  ports: "ports",
  listen: "address:ports/protocol",
  place: "address, or address:ports",
  sourceTarget: "pool, address or `masquerade`",
  number: "number",
  duration: "duration",
  rate: "rate",
  perSecond: "number/s",
  numberOrUnlimited: "number, or `unlimited`",
  perSecondOrUnlimited: "number/s, or `unlimited`",
  rateOrUnlimited: "rate, or `unlimited`",
};

const INTRODUCTION = `One YAML file describes one gateway. \`meganat check FILE\` reads it and reports everything that is wrong at once, with
line, column and remedy; \`meganat init\` writes one to start from. For completion and checks while typing, point the
editor at [gateway.schema.json](../gateway.schema.json): editors with a YAML language server take the path to it from the
first line of the file, \`# yaml-language-server: $schema=gateway.schema.json\`.

The file is UTF-8 text of at most 1 MiB. Anchors and aliases may be used; tags and several documents may not.`;

const VALUES = `| Value | Written | Remarks |
| --- | --- | --- |
| name | \`campus\` | a letter, then letters, digits, dots, dashes, underscores; at most 63 characters |
| interface | \`bond0\`, \`eth0.100\` | as \`ip link\` shows it; at most 15 characters |
| address | \`61.138.177.3\` | IPv4, without leading zeros |
| prefix | \`10.10.0.0/16\` | a network has its host bits clear; an address of a link keeps them: \`10.10.0.1/16\` |
| range | \`10.10.1.0-10.10.40.15\` | first and last address; a single address or a network are ranges too |
| ports | \`8080\`, \`1024-65535\` | from 1 to 65535 |
| number | \`10000\`, \`170k\`, \`1.7M\` | k, M, G: thousand, million, billion |
| duration | \`5m\`, \`2h4m\`, \`1d\` | d, h, m, s, ms, in that order; timeouts are whole seconds |
| rate | \`10gbit\` | bit, kbit, mbit, gbit, tbit per second, as tc writes them |
| number/s | \`100/s\`, \`1k/s\` | for each second |`;

/** docs/reference/gateway-file.md, from the schema that reads the file. */
export function gatewayFilePage(): ReadonlyMap<string, string> {
  const file = gatewayJsonSchema() as Schema;
  const sections = Object.entries(file.properties ?? {}).flatMap(([key, schema]) => section(key, schema));
  const example = readFileSync(new URL("../../examples/campus.yaml", import.meta.url), "utf8");
  const text = [
    "<!-- Generated from the schema of the file by `npm run docs`. -->",
    "# The gateway file",
    INTRODUCTION,
    "## An example",
    `\`\`\`yaml\n${example}\`\`\``,
    "More are in [examples](../../examples).",
    "## Values",
    VALUES,
    "## The file",
    table(file),
    ...sections,
    "## Problems",
    "Codes are stable. An error keeps the file from being applied, a warning does not.",
    "### In the file",
    codes(PROBLEM_CODES),
    "### In the plan",
    codes(PLAN_PROBLEM_CODES),
  ].join("\n\n");
  return new Map([["docs/reference/gateway-file.md", `${text}\n`]]);
}

function section(key: string, schema: Schema): string[] {
  const map = mapOf(schema);
  if (map === undefined) return [];
  const entry = entryOf(map);
  const kind = map.items !== undefined ? "A list." : entry === map ? "" : "A map from names to entries.";
  const inner = Object.entries(entry.properties ?? {}).flatMap(([name, property]) => {
    const found = mapOf(property);
    const part = found?.items ?? found;
    return part?.properties === undefined ? [] : [`### \`${key}\`: \`${name}\``, table(part)];
  });
  return [
    `## \`${key}\``,
    [schema.description ?? "", kind].filter((text) => text !== "").join(" "),
    table(entry),
    ...inner,
  ];
}

function table(map: Schema): string {
  const rows = Object.entries(map.properties ?? {}).map(([key, schema]) => {
    const need = map.required?.includes(key) === true ? "yes" : "";
    const examples = (schema.examples ?? []).map((example) => `\`${example}\``).join(", ");
    return `| \`${key}\` | ${valueWords(schema)} | ${need} | ${escape(schema.description ?? "")} | ${examples} |`;
  });
  return ["| Key | Value | Needed | Meaning | Examples |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

function valueWords(schema: Schema): string {
  if (schema.enum !== undefined) return [...new Set(schema.enum.map((word) => `\`${word}\``))].join(", ");
  if (schema.pattern !== undefined) {
    const name = Object.entries(PATTERNS).find(([, pattern]) => pattern === schema.pattern)?.[0];
    return name === undefined ? "text" : WORDS[name as keyof typeof PATTERNS];
  }
  if (schema.anyOf !== undefined) {
    const kinds = schema.anyOf.filter((option) => option.type !== "null").map(valueWords);
    return [...new Set(kinds)].join(" or ");
  }
  if (schema.type === "array") return schema.items?.properties === undefined ? "list" : "list of maps";
  return "map";
}

function mapOf(schema: Schema): Schema | undefined {
  if (schema.properties !== undefined || schema.items !== undefined || isMapOfEntries(schema)) return schema;
  return schema.anyOf?.map(mapOf).find((option) => option !== undefined && option.items?.pattern === undefined);
}

function entryOf(map: Schema): Schema {
  if (map.items !== undefined) return map.items;
  if (!isMapOfEntries(map)) return map;
  const entry = map.additionalProperties;
  return (entry === false || entry === undefined ? undefined : mapOf(entry)) ?? map;
}

function isMapOfEntries(schema: Schema): boolean {
  return schema.additionalProperties !== undefined && schema.additionalProperties !== false;
}

function codes(list: Readonly<Record<string, string>>): string {
  const rows = Object.entries(list).map(([code, meaning]) => `| \`${code}\` | ${escape(meaning)} |`);
  return ["| Code | Meaning |", "| --- | --- |", ...rows].join("\n");
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|");
}
