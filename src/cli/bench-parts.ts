import type { BenchPart, BenchSetup } from "./bench-report.ts";

/** The links of the benchmarks' gateway, between which the fast path is turned on. */
const LINKS = ["lan", "wan"];

/** Forwarding of established connections. */
export async function measureForward({ rounds, seed, quick, onStep, signal }: BenchSetup): Promise<BenchPart> {
  const [{ benchmarkForward }, { fastPathBetween }, { QUICK, WHOLE }, { forwardJson }, { forwardSection }] =
    await Promise.all([
      import("../bench/forward/forward-benchmark.ts"),
      import("../bench/fast-path-switch.ts"),
      import("../bench/forward/conditions.ts"),
      import("../bench/forward/result.ts"),
      import("../bench/forward/forward-section.ts"),
    ]);
  const result = await benchmarkForward({
    conditions: quick ? QUICK : WHOLE,
    rounds,
    seed,
    lossFree: !quick,
    fastPath: fastPathBetween(LINKS),
    onStep,
    signal,
  });
  return { json: forwardJson(result, seed), sections: [forwardSection(result, seed)] };
}
