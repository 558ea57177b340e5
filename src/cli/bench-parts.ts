import { totalmem } from "node:os";
import type { BenchPart, BenchSetup } from "./bench-report.ts";

/** The links of the benchmarks' gateway, between which the fast path is turned on. */
const LINKS = ["lan", "wan"];

/** What of forwarding is measured: without a number of connections, all there is. */
export interface ForwardChoice {
  readonly connections?: number | undefined;
  readonly zipf?: boolean;
}

/** Forwarding of established connections. */
export async function measureForward(
  { rounds, seed, quick, onStep, signal }: BenchSetup,
  { connections, zipf = false }: ForwardChoice = {},
): Promise<BenchPart> {
  const [{ benchmarkForward }, { fastPathBetween }, { onlyWith, QUICK, WHOLE }, { forwardJson }, { forwardSection }] =
    await Promise.all([
      import("../bench/forward/forward-benchmark.ts"),
      import("../bench/fast-path-switch.ts"),
      import("../bench/forward/conditions.ts"),
      import("../bench/forward/result.ts"),
      import("../bench/forward/forward-section.ts"),
    ]);
  const result = await benchmarkForward({
    conditions: connections === undefined ? (quick ? QUICK : WHOLE) : [onlyWith(connections, zipf)],
    rounds,
    seed,
    lossFree: !quick && connections === undefined,
    fastPath: fastPathBetween(LINKS),
    onStep,
    signal,
  });
  return { json: forwardJson(result, seed), sections: [forwardSection(result, seed)] };
}

/** Bulk TCP. */
export async function measureTcp({ rounds, seed, quick, onStep, signal }: BenchSetup): Promise<BenchPart> {
  const [{ benchmarkTcp }, { STREAM_ARMS }, { fastPathBetween }, { tcpJson, tcpSection }] = await Promise.all([
    import("../bench/streams/tcp-benchmark.ts"),
    import("../bench/streams/arms.ts"),
    import("../bench/fast-path-switch.ts"),
    import("../bench/streams/tcp-section.ts"),
  ]);
  const megabytes = quick ? 250 : 2000;
  const fastPath = fastPathBetween(LINKS);
  const result = await benchmarkTcp({ arms: STREAM_ARMS, rounds, seed, megabytes, fastPath, onStep, signal });
  return { json: tcpJson(result, seed), sections: [tcpSection(result, seed)] };
}

/** HTTP, 100 requests at a time. */
export async function measureHttp({ rounds, seed, quick, onStep, signal }: BenchSetup): Promise<BenchPart> {
  const [{ benchmarkHttp }, { STREAM_ARMS }, { fastPathBetween }, { httpJson, httpSection }] = await Promise.all([
    import("../bench/streams/http-benchmark.ts"),
    import("../bench/streams/arms.ts"),
    import("../bench/fast-path-switch.ts"),
    import("../bench/streams/http-section.ts"),
  ]);
  const connections = 100;
  const result = await benchmarkHttp({
    rounds,
    seed,
    connections,
    // wrk asks for a second at least.
    arms: quick ? ["direct", "netfilter", "auto"] : STREAM_ARMS,
    abRequests: quick ? 1000 : 10_000,
    wrkSeconds: quick ? 1 : 3,
    fastPath: fastPathBetween(LINKS),
    onStep,
    signal,
  });
  return { json: httpJson(result, connections, seed), sections: [httpSection(result, connections, seed)] };
}

/** How new connections are measured; what is not given is as --quick says. */
export interface SetupChoice {
  /** The most to hold. */
  readonly connections?: number | undefined;
  /** At each level. */
  readonly trials: number;
  readonly rounds: number;
}

const MOST_HELD = 10_000_000;
const QUICK_MOST_HELD = 300_000;
const HELD_BETWEEN = [100_000, 1_000_000, 4_000_000];
const SLICE = 50_000;
const QUICK_SLICE = 20_000;

/** New connections, by what the table holds. */
export async function measureSetup(
  { seed, quick, onStep, signal }: Omit<BenchSetup, "rounds">,
  { connections, trials, rounds }: SetupChoice,
): Promise<BenchPart> {
  const [{ benchmarkSetup }, { setupSection }] = await Promise.all([
    import("../bench/setup/setup-benchmark.ts"),
    import("../bench/setup/setup-section.ts"),
  ]);
  const most = connections ?? (quick ? QUICK_MOST_HELD : MOST_HELD);
  const levels = [0, ...(quick ? [] : HELD_BETWEEN.filter((held) => held < most)), most];
  const slice = quick ? QUICK_SLICE : SLICE;
  const result = await benchmarkSetup({ levels, slice, trials, rounds, seed, onStep, signal });
  return { json: result, sections: [setupSection(result)] };
}

/** How holding many at once is measured. */
export interface ScaleChoice {
  readonly connections?: number | undefined;
  /** How many of them are used again. */
  readonly sample: number;
}

const SCALE_CONNECTIONS = 10_000_000;
const QUICK_SCALE_CONNECTIONS = 1_000_000;

/** Translations held at once. */
export async function measureScale(
  { seed, quick, onStep, signal }: Omit<BenchSetup, "rounds">,
  { connections = quick ? QUICK_SCALE_CONNECTIONS : SCALE_CONNECTIONS, sample }: ScaleChoice,
): Promise<BenchPart> {
  const [{ benchmarkScale }, { scaleSection }] = await Promise.all([
    import("../bench/scale/scale-benchmark.ts"),
    import("../bench/scale/scale-section.ts"),
  ]);
  const result = await benchmarkScale({ connections, sample, seed, memoryBytes: totalmem(), onStep, signal });
  return { json: result, sections: [scaleSection(result)] };
}
