import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { identifyProcess, isProcessAlive, killProcess, processesInNamespace } from "./process.ts";

test("a process is told from a later one of the same number, and from one that has ended", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const identity = identifyProcess(child.pid ?? 0);
  assert.ok(identity !== undefined);
  assert.ok(isProcessAlive(identity));
  const impostor = { ...identity, started: identity.started + 1 };
  assert.ok(!isProcessAlive(impostor));
  killProcess(impostor);
  assert.ok(isProcessAlive(identity));
  killProcess(identity);
  assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
  assert.ok(!isProcessAlive(identity));
  killProcess(identity);
});

test("a program with blanks and brackets in its name is read all the same", async () => {
  const child = spawn(
    process.execPath,
    ["-e", "process.title = 'a) b ('; console.log(); setInterval(() => 0, 60000)"],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  await once(child.stdout, "data");
  const identity = identifyProcess(child.pid ?? 0);
  child.kill("SIGKILL");
  assert.ok(identity !== undefined && identity.started > 0);
});

test("nobody lives in a namespace that is not there", () => {
  assert.deepEqual(processesInNamespace("mn-there-is-none"), []);
});
