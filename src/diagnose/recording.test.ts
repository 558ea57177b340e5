import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { signals } from "../../test/fixtures/signals.ts";
import { formatSignals, parseSignals } from "./recording.ts";

const SAVED = join(import.meta.dirname, "../../test/fixtures/rulesets");

for (const name of ["docker-24", "firewalld-iptables", "kube-proxy"]) {
  test(`signals with the rules of ${name} are the same after they were recorded`, () => {
    const seen = signals({ rules: readFileSync(join(SAVED, `${name}.save`), "utf8") });
    assert.ok((seen.rules?.chains.size ?? 0) > 5);
    assert.deepEqual(parseSignals(formatSignals(seen)), seen);
  });
}

const OTHERS: readonly string[] = [
  "null",
  "[]",
  "{}",
  '{"version":2,"counters":{},"settings":{},"unseen":[],"seconds":1}',
  '{"version":1,"counters":null,"settings":{},"unseen":[],"seconds":1}',
  '{"version":1,"counters":{},"settings":{},"unseen":{},"seconds":1}',
];

for (const text of OTHERS) {
  test(`no recording: ${text}`, () => assert.equal(parseSignals(text), undefined));
}
