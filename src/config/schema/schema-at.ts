import * as z from "zod";
import type { FilePath } from "../problem.ts";

/** What the schema says of a place: its keys if it is a map, how messages call it, and an example. */
export interface SchemaPlace {
  readonly title?: string;
  readonly keys: readonly string[];
  /** Those of the keys that must be there. */
  readonly required: readonly string[];
  readonly example?: string;
}

/** Looks up a place of a schema by a path in the file. */
export function schemaAt(schema: z.core.$ZodType, path: FilePath): SchemaPlace {
  let place = unwrap(schema);
  for (const part of path) {
    const shape: Readonly<Record<string, z.core.$ZodType>> | undefined = mapOf(place)?.shape;
    const next = place instanceof z.ZodArray && typeof part === "number" ? place.element : shape?.[part];
    if (next === undefined) return { keys: [], required: [] };
    place = unwrap(next);
  }
  const map = mapOf(place);
  const shape = map?.shape ?? {};
  const meta = z.globalRegistry.get(map ?? place);
  const example = meta?.examples;
  return {
    keys: Object.keys(shape),
    required: Object.keys(shape).filter((key) => !(shape[key] instanceof z.ZodOptional)),
    ...(meta?.title === undefined ? {} : { title: meta.title }),
    ...(Array.isArray(example) && example.length > 0 ? { example: String(example[0]) } : {}),
  };
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  return schema;
}

function mapOf(schema: z.core.$ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (!(schema instanceof z.ZodUnion)) return undefined;
  return schema.options.find((option): option is z.ZodObject => option instanceof z.ZodObject);
}
