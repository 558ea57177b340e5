import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readConntrackCount } from "../../src/kernel/conntrack/statistics.ts";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import type { EventTotals } from "../../src/observe/events/event-totals.ts";
import { ROOT } from "../cli/run-meganat.ts";
import type { Churned } from "../fixtures/conntrack-churn.ts";
import { NEEDS_ROOT, ownNamespace } from "../fixtures/own-namespaces.ts";

/** How long events come at `RATE`; by hand 20. */
const SECONDS = Number(process.env["MEGANAT_TEST_EVENTS_SECONDS"] ?? "0.5");
/** New connections a second; as many end. */
const RATE = 30_000;

/** What came out of `meganat events --json`. */
interface Printed {
  readonly new: number;
  readonly destroy: number;
  /** Sum of what the lines of losses say. */
  readonly lost: number;
  readonly end: EventTotals;
}

/** Lines as they come, without making a text of each. */
async function* linesOf(child: ChildProcess): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of child.stdout ?? []) {
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let to = bytes.indexOf(10); to >= 0; to = bytes.indexOf(10, from)) {
      yield bytes.subarray(from, to);
      from = to + 1;
    }
    rest = bytes.subarray(from);
  }
}

/** Runs `meganat events` while connections come and go. */
async function observe(namespace: string, bufferMegabytes: number, rate: number): Promise<[Churned, Printed]> {
  const options = ["--netns", namespace, "--json", "--buffer", String(bufferMegabytes)];
  const listener = spawn(join(ROOT, "bin/meganat"), ["events", ...options], { stdio: ["ignore", "pipe", "inherit"] });
  const printed = { new: 0, destroy: 0, lost: 0, end: undefined as EventTotals | undefined };
  let churned: Promise<Churned> | undefined;
  const NEW = Buffer.from('{"event":"new"');
  const DESTROY = Buffer.from('{"event":"destroy"');
  for await (const line of linesOf(listener)) {
    if (line.indexOf(NEW) === 0) printed.new++;
    else if (line.indexOf(DESTROY) === 0) printed.destroy++;
    else {
      const record = JSON.parse(line.toString()) as { event: string; lost: number } & EventTotals;
      if (record.event === "begin") churned = churn(namespace, rate).finally(() => listener.kill("SIGINT"));
      else if (record.event === "lost") printed.lost += record.lost;
      else if (record.event === "end") printed.end = record;
    }
  }
  assert.ok(churned !== undefined && printed.end !== undefined, "it neither began nor ended");
  return [await churned, { ...printed, end: printed.end }];
}

async function churn(namespace: string, rate: number): Promise<Churned> {
  const file = fileURLToPath(ownModule("../fixtures/conntrack-churn", import.meta.url));
  const task = [namespace, String(Math.round(RATE * SECONDS)), String(rate)];
  const child = spawn(process.execPath, [...loaderWords(import.meta.url), file, ...task], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const chunk of child.stdout) text += String(chunk);
  return JSON.parse(text) as Churned;
}

test("every event of many a second has its line, or is counted as lost", NEEDS_ROOT, async (t) => {
  const namespace = ownNamespace(t);
  const [{ made, removed, refused, seconds }, { end, lost, ...printed }] = await observe(namespace, 256, RATE);
  assert.deepEqual([made, removed, refused], [made, made, 0]);
  assert.ok(made > 1000, `${made} connections`);
  assert.equal(readConntrackCount(namespace), 0);
  assert.equal(printed.new + printed.destroy + lost, made + removed);
  assert.deepEqual([end.lost, end.seen.new, end.seen.destroy], [lost, printed.new, printed.destroy]);
  t.diagnostic(
    `${made + removed} events in ${seconds.toFixed(1)} s, ${Math.round((made + removed) / seconds)}/s: ` +
      `${printed.new + printed.destroy} lines, ${lost} stated lost`,
  );
});

test("with more than the queue takes, lines and stated losses together are all events", NEEDS_ROOT, async (t) => {
  const namespace = ownNamespace(t);
  const [{ made, removed, seconds }, { end, lost, ...printed }] = await observe(namespace, 1, 1e9);
  assert.ok(lost > 0, "nothing was lost: the test shows nothing");
  assert.equal(printed.new + printed.destroy + lost, made + removed);
  assert.equal(end.lost, lost);
  t.diagnostic(
    `${made + removed} events in ${seconds.toFixed(1)} s, ${Math.round((made + removed) / seconds)}/s: ` +
      `${printed.new + printed.destroy} lines, ${lost} stated lost`,
  );
});
