import assert from "node:assert/strict";
import { test } from "node:test";
import { soak } from "../fixtures/fast-path/soak.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";

/** For each path: MEGANAT_SOAK_SECONDS=60 for a minute. */
const SECONDS = Number(process.env["MEGANAT_SOAK_SECONDS"] ?? 10);
const SEED = Number(process.env["MEGANAT_SOAK_SEED"] ?? Date.now() & 0x7fffffff);
const KINDS = ["bulk", "short", "datagrams", "forward", "hairpin", "static", "reset"];

for (const path of ["xdp", "tc"] as const) {
  test(`mixed traffic with loss and reordering, under changes, comes to no harm: ${path}`, NEEDS_ROOT, async (t) => {
    const soaked = await soak(path, SECONDS, SEED, `s${process.pid}-${path}`);
    t.diagnostic(
      `seed ${SEED}, ${SECONDS} s: ${JSON.stringify({ ...soaked, disturbances: soaked.disturbances.length })}`,
    );
    assert.deepEqual(soaked.wrong, []);
    for (const kind of KINDS) assert.ok((soaked.done[kind] ?? 0) > 0, `not one of ${kind}`);
    assert.ok(soaked.forwarded > soaked.all / 2, `${soaked.forwarded} of ${soaked.all} packets went past netfilter`);
  });
}
