import assert from "node:assert/strict";
import { after, test } from "node:test";
import { readSysctl } from "../../src/kernel/sysctl.ts";
import { isHeldLow } from "../../src/lab/host-limits.ts";
import { bringUpLab, type Lab } from "../../src/lab/lab.ts";
import { LAB_GATEWAY } from "../fixtures/lab-gateway.ts";

const skip = process.getuid?.() === 0 ? false : "makes network namespaces, which needs root";
/** One for the whole host that no lab needs. */
const LIMIT = "net.core.message_burst";

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

test("a limit held low gives way to a lab that needs more, and goes back with its lab", { skip }, async () => {
  const before = limit();
  const [first, second] = [await open(), await open()];
  first.lowerLimit(LIMIT, before - 1);
  assert.equal(limit(), before - 1);
  assert.throws(() => second.lowerLimit(LIMIT, before - 2), { code: "limit-in-use" });
  first.raiseLimits();
  assert.equal(limit(), before);

  first.lowerLimit(LIMIT, before - 3);
  assert.ok(isHeldLow(first.id, LIMIT));
  assert.deepEqual(second.borrowLimits({ [LIMIT]: before - 2 }), { raised: [LIMIT], refused: [] });
  assert.equal(limit(), before);
  assert.ok(!isHeldLow(first.id, LIMIT));
  assert.throws(() => first.lowerLimit(LIMIT, before - 3), { code: "limit-in-use" });
  await second.close();

  first.lowerLimit(LIMIT, before - 4);
  await first.close();
  assert.equal(limit(), before);
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
