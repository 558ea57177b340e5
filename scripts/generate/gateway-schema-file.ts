import { gatewayJsonSchema } from "../../src/config/json-schema.ts";

/** docs/gateway.schema.json, from the schema that reads the file. */
export function gatewaySchemaFile(): ReadonlyMap<string, string> {
  const text = JSON.stringify(gatewayJsonSchema(), null, 2);
  // Short lists on one line, as the formatter would write them.
  const lists = /\[\n\s+((?:"(?:[^"\\]|\\.)*"|\d+)(?:,\n\s+(?:"(?:[^"\\]|\\.)*"|\d+))*)\n\s+\]/g;
  const folded = text.replaceAll(lists, (whole, items: string, offset: number) => {
    const line = `[${items.replaceAll(/\n\s+/g, " ")}]`;
    const indent = offset - text.lastIndexOf("\n", offset);
    return indent + line.length <= 120 ? line : whole;
  });
  return new Map([["docs/gateway.schema.json", `${folded}\n`]]);
}
