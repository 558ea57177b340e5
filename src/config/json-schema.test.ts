import { equal, ok } from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { fromJSONSchema } from "zod";
import { arbitraryGatewayFile } from "../../test/arbitrary/gateway.ts";
import { BAD_FILES } from "../../test/fixtures/bad-files.ts";
import { gatewayJsonSchema } from "./json-schema.ts";
import { readGateway } from "./read-gateway.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);
const BAD = new URL("../../test/fixtures/bad/", import.meta.url);

// What a schema can see in one value or map; the rest needs the values compared with each other.
const VISIBLE = new Set([
  "unknown-key",
  "missing-key",
  "missing-value",
  "wrong-type",
  "bad-version",
  "bad-choice",
  "bad-address",
  "bad-protocol",
  "bad-number",
  "bad-rate",
  "ipv6-address",
]);

const schema = fromJSONSchema(gatewayJsonSchema());

test("every example is valid, for the reader and for the schema", () => {
  const names = readdirSync(EXAMPLES).filter((name) => name.endsWith(".yaml"));
  ok(names.length >= 5);
  for (const name of names) {
    const text = readFileSync(new URL(name, EXAMPLES), "utf8");
    ok("gateway" in readGateway(text), name);
    ok(schema.safeParse(parse(text, { logLevel: "error" })).success, name);
  }
});

test("the schema accepts what the reader accepts", () => {
  fc.assert(
    fc.property(arbitraryGatewayFile(), (text) => {
      const result = schema.safeParse(parse(text, { logLevel: "error" }));
      ok(result.success, `${text}\n${result.error?.message}`);
    }),
    { numRuns: 100 },
  );
});

test("the schema refuses the bad files whose fault lies in one value or map", () => {
  let refused = 0;
  for (const { file, problems } of BAD_FILES) {
    if (!problems.some(([code]) => VISIBLE.has(code))) continue;
    equal(
      schema.safeParse(parse(readFileSync(new URL(file, BAD), "utf8"), { logLevel: "error" })).success,
      false,
      file,
    );
    refused++;
  }
  ok(refused >= 30);
});
