import assert from "node:assert/strict";
import { test } from "node:test";
import { KernelError } from "../kernel/error.ts";
import { CommandError } from "./failure.ts";
import { makeOutput, type Output } from "./output.ts";

interface Recorded {
  readonly output: Output;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

function record(json: boolean, terminal = false, environment: Record<string, string> = {}): Recorded {
  const out: string[] = [];
  const err: string[] = [];
  const stream = (lines: string[]) => ({ write: (text: string) => lines.push(text), isTTY: terminal });
  return {
    output: makeOutput(stream(out), stream(err), json, environment),
    stdout: () => out.join(""),
    stderr: () => err.join(""),
  };
}

const rejected = new KernelError("kernel-rejected", "Invalid argument", {
  tried: "load the ruleset",
  errno: 22,
  kernelSaid: "line 1\nline 2",
  remedy: "look at the rule",
});

test("a result is text for people and one object for programs", () => {
  const human = record(false);
  assert.equal(human.output.result({ json: { a: 1 }, text: "one" }), 0);
  assert.equal(human.stdout(), "one\n");
  const json = record(true);
  json.output.say("not shown");
  assert.equal(json.output.result({ json: { a: 1 }, text: "one", status: 1 }), 1);
  assert.equal(json.stdout(), '{"a":1}\n');
});

test("a kernel error tells code, attempt, the kernel's words and the remedy", () => {
  const human = record(false);
  assert.equal(human.output.failure(rejected), 1);
  assert.equal(human.stdout(), "");
  assert.equal(
    human.stderr(),
    "error[kernel-rejected]: cannot load the ruleset: Invalid argument\n" +
      "  kernel said: line 1\n    line 2\n  remedy: look at the rule\n",
  );
  const json = record(true);
  assert.equal(json.output.failure(rejected), 1);
  assert.equal(json.stderr(), "");
  assert.deepEqual(JSON.parse(json.stdout()), {
    error: {
      code: "kernel-rejected",
      message: "cannot load the ruleset: Invalid argument",
      kernelSaid: "line 1\nline 2",
      remedy: "look at the rule",
    },
  });
});

test("wrong usage has exit status 2, a bug names itself as one", () => {
  const { output, stderr } = record(false);
  assert.equal(output.failure(new CommandError({ code: "usage", message: "no", remedy: "do" }, 2)), 2);
  assert.equal(output.failure("thrown text"), 1);
  assert.match(
    stderr(),
    /^error\[usage\]: no\n {2}remedy: do\nerror\[internal\]: .*thrown text\n {2}remedy: please report/,
  );
});

test("colour needs a terminal and no NO_COLOR", () => {
  assert.equal(record(false, true).output.paint("bad", "x"), "\u001b[31mx\u001b[0m");
  assert.equal(record(false, false).output.paint("bad", "x"), "x");
  assert.equal(record(false, true, { NO_COLOR: "1" }).output.paint("bad", "x"), "x");
  assert.equal(record(false, true, { NO_COLOR: "" }).output.paint("bad", "x"), "\u001b[31mx\u001b[0m");
  assert.equal(record(false, true, { TERM: "dumb" }).output.paint("bad", "x"), "x");
  assert.equal(record(true, true).output.paint("bad", "x"), "x");
});

test("progress is overwritten on a terminal and gone before a result", () => {
  const { output, stdout, stderr } = record(false, true);
  output.progress("1 of 2");
  output.progress("2 of 2");
  output.result({ json: {}, text: "done" });
  assert.equal(stderr(), "\r\u001b[K1 of 2\r\u001b[K2 of 2\r\u001b[K");
  assert.equal(stdout(), "done\n");
  const piped = record(false);
  piped.output.progress("1 of 2");
  assert.equal(piped.stderr(), "1 of 2\n");
});
