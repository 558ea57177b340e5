import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isKernelError } from "../kernel/error.ts";
import { stepsOf, type Journal } from "./journal.ts";
import { NOTHING_OWNED, type ApplyRecord } from "./record.ts";
import { fileRecordStore } from "./record-store.ts";

const IDENTITY = { boot: "b", namespace: "cookie:1" };
const RECORD: ApplyRecord = {
  version: 1,
  identity: IDENTITY,
  gateway: "campus",
  appliedAt: "2026-01-01T00:00:00Z",
  owned: NOTHING_OWNED,
  rules: {
    ruleset: { family: "ip", table: "meganat", comment: "c", counters: [], sets: [], chains: [] },
    tableComment: "c",
    listing: { nat: "[]" },
    generation: 3,
  },
};
const JOURNAL: Journal = {
  version: 1,
  task: "apply",
  identity: IDENTITY,
  gateway: "campus",
  pid: 1,
  startedAt: "2026-01-01T00:00:00Z",
  changes: [
    { kind: "link", action: "up", interface: "wan", addresses: [] },
    { kind: "ruleset", action: "add", object: "chain", name: "a", words: "add chain a" },
    { kind: "ruleset", action: "add", object: "chain", name: "b", words: "add chain b" },
  ],
};

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "meganat-record-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, "host");
}

test("a record comes back as it went, whole or its head alone", (t) => {
  const store = fileRecordStore(directory(t));
  assert.deepEqual([store.readRecord(), store.readHead()], [undefined, undefined]);
  store.writeRecord(RECORD);
  const { rules: _, ...head } = RECORD;
  assert.deepEqual([store.readRecord(), store.readHead()], [RECORD, head]);
  store.writeRecord(head);
  assert.deepEqual(store.readRecord(), head);
  store.deleteRecord();
  store.deleteRecord();
  assert.equal(store.readRecord(), undefined);
});

test("nothing temporary is left, and a torn, damaged or newer record counts as none", (t) => {
  const path = directory(t);
  const store = fileRecordStore(path);
  store.writeRecord(RECORD);
  assert.deepEqual(readdirSync(path), ["record"]);
  const text = readFileSync(join(path, "record"), "utf8");
  for (const broken of [
    "",
    text.slice(0, 20),
    text.slice(0, -20),
    "{}\nnull\n",
    text.replace('"version":1', '"version":2'),
  ]) {
    writeFileSync(join(path, "record"), broken);
    assert.equal(store.readRecord(), undefined, broken);
  }
});

test("a journal tells how far it had come; one whose first line is torn tells nothing", (t) => {
  const path = directory(t);
  const store = fileRecordStore(path);
  assert.equal(store.readJournal(), undefined);
  store.writeJournal(JOURNAL);
  assert.deepEqual(store.readJournal(), { journal: JOURNAL, done: 0 });
  store.markStep(1);
  store.markStep(2);
  assert.deepEqual(store.readJournal(), { journal: JOURNAL, done: 2 });
  const text = readFileSync(join(path, "journal"), "utf8");
  writeFileSync(join(path, "journal"), text.slice(0, 30));
  assert.equal(store.readJournal(), undefined);
  store.deleteJournal();
  assert.equal(store.readJournal(), undefined);
});

test("all changes of the ruleset are one step", () => {
  assert.deepEqual(
    stepsOf(JOURNAL.changes).map(({ text }) => text),
    ["bring wan up", "add chain a, add chain b"],
  );
});

test("the lock is for one at a time", (t) => {
  const path = directory(t);
  const lock = fileRecordStore(path).lock("apply campus");
  assert.throws(
    () => fileRecordStore(path).lock("apply campus"),
    (error) => isKernelError(error, "kernel-busy") && error.message.includes(`process ${process.pid} holds`),
  );
  lock.release();
  fileRecordStore(path).lock("apply campus").release();
});

test("a place is unused until somebody has had its lock, and for whoever has it first", (t) => {
  const path = join(directory(t), "host");
  const first = fileRecordStore(path);
  assert.equal(first.isUnused(), true);
  const lock = first.lock("apply");
  assert.equal(first.isUnused(), true);
  lock.release();
  const second = fileRecordStore(path);
  assert.equal(second.isUnused(), false);
  second.lock("apply").release();
  assert.equal(second.isUnused(), false);
});
