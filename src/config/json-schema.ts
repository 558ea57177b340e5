import * as z from "zod";
import { fileSchema } from "./schema/file.ts";

/** The JSON Schema of a gateway file, for editors; the checks between entries are beyond it. */
export function gatewayJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(fileSchema, { io: "input" });
  return {
    $schema,
    ...schema,
    title: "MegaNAT gateway file",
    description: "One NAT gateway: its links, its public addresses and what it translates.",
  };
}
