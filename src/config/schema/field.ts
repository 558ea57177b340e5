import * as z from "zod";
import { Fault, quote, type Reader } from "../fault.ts";
import { nearest } from "../nearest.ts";

/** What an editor is told of a value: a fragment of JSON Schema. */
export interface FieldMeta {
  readonly description: string;
  readonly examples: readonly (string | number)[];
  readonly type?: "string" | "integer" | readonly ["integer", "string"];
  readonly pattern?: string;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

/** A single value, read from its text. */
export function scalar<T>(read: Reader<T>, meta: FieldMeta) {
  return z
    .unknown()
    .meta({ ...meta })
    .transform((value, context): T => {
      const result = readScalar(read, value);
      if (!(result instanceof Fault)) return result;
      context.addIssue({ code: "custom", params: { fault: result } });
      return z.NEVER;
    });
}

/** One value, or a list of them in brackets. */
export function oneOrMore<T>(read: Reader<T>, meta: FieldMeta) {
  const { description, examples, ...item } = meta;
  return z
    .unknown()
    .meta({ description, examples, anyOf: [item, { type: "array", items: item, minItems: 1 }] })
    .transform((value, context): T[] => {
      if (Array.isArray(value) && value.length === 0) {
        const fault = new Fault("missing-value", "the list is empty", "write at least one value, or delete the key");
        context.addIssue({ code: "custom", params: { fault } });
        return z.NEVER;
      }
      const isList = Array.isArray(value);
      const items: readonly unknown[] = isList ? value : [value];
      return items.flatMap((text, index) => {
        const result = readScalar(
          read,
          text,
          isList ? "write one value" : "write one value, or a list of them in brackets",
        );
        if (!(result instanceof Fault)) return [result];
        context.addIssue({ code: "custom", params: { fault: result }, path: isList ? [index] : [] });
        return [];
      });
    });
}

/** One of a few words; `orMap` says what else may stand there. */
export function choice<const W extends string>(words: readonly W[], meta: Omit<FieldMeta, "enum">, orMap = "") {
  return scalar((text) => readChoice(words, text, orMap), { ...meta, enum: words });
}

/** A map that knows all its keys; `title` names it in messages, as "a pool". */
export function keys<S extends z.ZodRawShape>(title: string, shape: S) {
  return z.strictObject(shape).meta({ title });
}

function readScalar<T>(read: Reader<T>, value: unknown, fix = "write one value"): T | Fault {
  if (typeof value === "string") return read(value);
  if (value === undefined) return new Fault("missing-key", "", "");
  if (value === null) return new Fault("missing-value", "nothing is written here", "write a value, or delete the key");
  const what = Array.isArray(value) ? "a list" : "a map";
  return new Fault("wrong-type", `${what} stands where a single value must be`, fix);
}

function readChoice<W extends string>(words: readonly W[], text: string, orMap: string): W | Fault {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  const near = nearest(text, words);
  const all = words.length === 1 ? String(words[0]) : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return new Fault("bad-choice", `${quote(text)} is not ${all}`, `write ${near ?? all}${orMap}`);
}
