import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { applyGateway, dryRun } from "../../src/apply/apply.ts";
import { removeGateway } from "../../src/apply/remove.ts";
import { gatewayStatus } from "../../src/apply/status.ts";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { applyPlace, everything, smallGateway, type ApplyPlace } from "../fixtures/apply-namespace.ts";
import type { ApplyOrder } from "../fixtures/apply-child.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";

const CHILD = [...loaderWords(import.meta.url), fileURLToPath(ownModule("../fixtures/apply-child", import.meta.url))];

/** Runs a task in a process that kills itself there; fails unless it did. */
function killed(place: ApplyPlace, desired: string, task: ApplyOrder["task"], killAt: ApplyOrder["killAt"]): void {
  const order: ApplyOrder = { task, ...place, desired, ...(killAt === undefined ? {} : { killAt }) };
  const { signal, stdout, stderr } = spawnSync(process.execPath, [...CHILD, JSON.stringify(order)], {
    encoding: "utf8",
  });
  assert.equal(signal, "SIGKILL", `${stdout}${stderr}`);
}

test(
  "killed at any step, an apply is named by status, and repaired by apply or taken back by remove",
  NEEDS_ROOT,
  (t) => {
    const place = applyPlace(t);
    const whole = smallGateway();
    // Three settings are as good as twenty here, and every step costs two processes.
    const desired = { ...whole, sysctls: whole.sysctls.slice(0, 3), addresses: whole.addresses.slice(0, 3) };
    const file = `${place.directory}/desired.json`;
    writeFileSync(file, JSON.stringify(desired));
    const before = everything(place);
    const steps = dryRun({ ...place, desired }).changes.length;
    applyGateway({ ...place, desired });
    const applied = everything(place);
    removeGateway(place);
    assert.ok(steps > 8);

    for (let step = 1; step <= steps + 1; step++) {
      const stage = step % 2 === 0 ? "before" : "after";
      killed(place, file, "apply", { step, stage });
      const status = gatewayStatus(place);
      // After the record there is nothing left to do but to take the journal away.
      const done = stage === "before" || step > steps ? Math.min(step - 1, steps) : step - 1;
      assert.equal(status.state, "interrupted");
      assert.match(status.interrupted?.message ?? "", new RegExp(`interrupted after step ${done} of ${steps} `));
      if (step % 3 === 0) {
        assert.equal(removeGateway(place).outcome, "removed");
        assert.deepEqual(everything(place), before, `removed after a kill at step ${step}`);
        continue;
      }
      const repaired = applyGateway({ ...place, desired });
      assert.ok(repaired.outcome === "applied" || repaired.outcome === "unchanged", JSON.stringify(repaired.problems));
      assert.deepEqual(everything(place), applied, `applied after a kill at step ${step}`);
      assert.equal(gatewayStatus(place).state, "in-place");
      killed(place, file, "remove", { step: Math.min(step, 5), stage });
      assert.equal(gatewayStatus(place).state, "interrupted");
      removeGateway(place);
      assert.deepEqual(everything(place), before, `removed after an apply repaired at step ${step}`);
    }
  },
);

test("two applies at once: the second is refused and says who is at it", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const desired = smallGateway();
  let second: ReturnType<typeof applyGateway> | undefined;
  applyGateway({
    ...place,
    desired,
    onStep: () => {
      second ??= applyGateway({ ...place, desired });
    },
  });
  assert.equal(second?.outcome, "refused");
  assert.equal(second?.problems[0]?.code, "kernel-busy");
  assert.match(second?.problems[0]?.message ?? "", new RegExp(`process ${process.pid} holds`));
  assert.equal(gatewayStatus(place).state, "in-place");
});
