import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { readSysctl } from "../../src/kernel/sysctl.ts";
import { isHeldLow } from "../../src/lab/host-limits.ts";
import { bringUpLab, type Lab } from "../../src/lab/lab.ts";
import { LAB_GATEWAY } from "../fixtures/lab-gateway.ts";

const skip = process.getuid?.() === 0 ? false : "makes network namespaces, which needs root";
/** One for the whole host that no lab needs. */
const LIMIT = "net.core.message_burst";

const HOLDER = fileURLToPath(ownModule("../fixtures/limit-holder", import.meta.url));

const labs: Lab[] = [];
after(async () => {
  for (const lab of labs) await lab.close();
});

async function open(): Promise<Lab> {
  const lab = await bringUpLab(LAB_GATEWAY, { life: "process" });
  labs.push(lab);
  return lab;
}

const limit = (): number => Number(readSysctl(undefined, LIMIT));

test("a limit held low is for one lab at a time, and goes back with it", { skip }, async () => {
  const before = limit();
  const [first, second] = [await open(), await open()];
  first.lowerLimit(LIMIT, before - 1);
  assert.equal(limit(), before - 1);
  assert.throws(() => second.lowerLimit(LIMIT, before - 2), { code: "limit-in-use" });
  first.raiseLimits();
  assert.equal(limit(), before);

  assert.deepEqual(second.borrowLimits({ [LIMIT]: before + 3 }), { raised: [LIMIT], refused: [] });
  assert.throws(() => first.lowerLimit(LIMIT, before - 3), { code: "limit-in-use" });
  await second.close();
  assert.equal(limit(), before);

  first.lowerLimit(LIMIT, before - 4);
  assert.ok(isHeldLow(first.id, LIMIT));
  await first.close();
  assert.equal(limit(), before);
});

test("a lab that wishes for more waits until the limit is held low no longer", { skip }, async () => {
  const before = limit();
  const holder = spawn(process.execPath, [...loaderWords(import.meta.url), HOLDER, LIMIT, String(before - 1)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(holder, "exit");
  await once(holder.stdout, "data");
  assert.equal(limit(), before - 1);
  const lab = await open();
  // Returns only when the holder has gone.
  assert.deepEqual(lab.borrowLimits({ [LIMIT]: before }), { raised: [], refused: [] });
  assert.equal(limit(), before);
  await ended;
});

test("a lab that raises what it has lowered itself leaves nothing low behind", { skip }, async () => {
  const before = limit();
  const lab = await open();
  lab.lowerLimit(LIMIT, before - 1);
  assert.deepEqual(lab.borrowLimits({ [LIMIT]: before + 5 }), { raised: [LIMIT], refused: [] });
  assert.equal(limit(), before + 5);
  assert.ok(!isHeldLow(lab.id, LIMIT));
  lab.raiseLimits();
  assert.equal(limit(), before + 5);
  await lab.close();
  assert.equal(limit(), before);
});
