import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { builtObjects, readsDirectly, thisKernel, verify } from "../fixtures/ebpf-programs.ts";
import { recordedInstructions } from "../fixtures/ebpf-table.ts";

/** The verifier gives up at a million: a kernel that goes through more paths must not come near it. */
const AT_MOST = 500_000;
/** Between compilers the same program differs. */
const TOLERATED = 1.5;

const skip = withoutEbpf();

describe("this kernel's verifier takes", { skip }, () => {
  const recorded = recordedInstructions();
  for (const object of skip === false ? builtObjects() : []) {
    test(object, (t) => {
      const verdict = verify(object);
      if ("refused" in verdict) {
        assert.ok(!readsDirectly() && builtObjects().includes(`${object}-probed`), verdict.refused);
        t.diagnostic(`refused, as it should be before 6.2: ${object}-probed is for this kernel`);
        return;
      }
      assert.ok(verdict.length > 0, "no program in it was loaded");
      for (const { program, instructions } of verdict) {
        t.diagnostic(`${program}: ${instructions} instructions`);
        assert.ok(instructions > 0 && instructions <= AT_MOST, `${program}: ${instructions} instructions`);
        for (const [kernel, figures] of recorded) {
          const figure = figures.get(`${object}/${program}`);
          const known = [...recorded.values()].some((other) => other.has(`${object}/${program}`));
          assert.ok(known, `${program} is not in docs/reference/ebpf-programs.md: npm run docs:ebpf`);
          if (kernel !== thisKernel() || figure === undefined) continue;
          const ratio = instructions / figure;
          assert.ok(
            ratio < TOLERATED && ratio > 1 / TOLERATED,
            `${program}: ${instructions} instructions, docs/reference/ebpf-programs.md says ${figure}: npm run docs:ebpf`,
          );
        }
      }
    });
  }
});
