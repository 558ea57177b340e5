import assert from "node:assert/strict";
import { test } from "node:test";
import { readListForm } from "./list-form.ts";

const FORMS: readonly (readonly [text: string, format: string, details: readonly string[]])[] = [
  ["table", "table", []],
  ["json", "json", []],
  ["extended", "extended", []],
  ["id", "conntrack", ["id"]],
  ["labels,extended,ktimestamp", "extended", ["ktimestamp", "labels"]],
];

for (const [text, format, details] of FORMS) {
  test(`-o ${text}`, () => assert.deepEqual(readListForm(text), { format, details }));
}

const REFUSED: readonly (readonly [text: string, words: RegExp])[] = [
  ["", /one of table, conntrack/],
  ["xml", /one of table, conntrack/],
  ["id,xml", /one of table, conntrack/],
  ["table,json", /one of table, conntrack/],
  ["json,id", /id can be added to conntrack and extended/],
];

for (const [text, words] of REFUSED) {
  test(`-o ${JSON.stringify(text)} is refused`, () => assert.throws(() => readListForm(text), words));
}
