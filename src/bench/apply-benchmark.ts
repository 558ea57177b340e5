import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyGateway, type ApplyOutcome } from "../apply/apply.ts";
import { readHostFacts } from "../apply/host-facts.ts";
import { removeGateway } from "../apply/remove.ts";
import { readGateway } from "../config/read-gateway.ts";
import { createNamespace, deleteNamespace } from "../kernel/namespace.ts";
import { addVeth, setLinkUp } from "../kernel/route/link.ts";
import { planGateway } from "../plan/plan-gateway.ts";
import { renderState } from "../render/render.ts";
import type { DesiredState } from "../render/desired-state.ts";
import { median } from "./median.ts";
import { subscribersGateway } from "./subscribers-gateway.ts";

/** What is measured, in the order in which it happens. */
export const STEPS = ["read", "plan", "render", "apply", "applyAgain", "addOne", "remove"] as const;

/** One step of the benchmark. */
export type Step = (typeof STEPS)[number];

/** How long the steps took for one number of subscribers: milliseconds. */
export interface ApplyMeasurement {
  readonly subscribers: number;
  readonly median: Readonly<Record<Step, number>>;
  readonly runs: readonly Readonly<Record<Step, number>>[];
}

/** What to measure. */
export interface ApplyBenchmarkOptions {
  readonly subscribers: readonly number[];
  readonly runs: number;
  /** Called before each run. */
  readonly onRun?: (subscribers: number, run: number) => void;
}

/**
 * Measures how long it takes to read, plan, render and apply gateways of different sizes, to apply them again without a
 * change, to add one subscriber, and to remove them; each run in a network namespace of its own that is gone afterwards.
 */
export function benchmarkApply(options: ApplyBenchmarkOptions): ApplyMeasurement[] {
  return options.subscribers.map((subscribers) => {
    const runs = Array.from({ length: options.runs }, (_, run) => {
      options.onRun?.(subscribers, run + 1);
      return oneRun(subscribers, `mnbench-${process.pid}-${subscribers}-${run}`);
    });
    const medians = STEPS.map((step) => [step, median(runs.map((run) => run[step]))]);
    return { subscribers, median: Object.fromEntries(medians) as Record<Step, number>, runs };
  });
}

function oneRun(subscribers: number, namespace: string): Record<Step, number> {
  const directory = mkdtempSync(join(tmpdir(), "meganat-bench-"));
  createNamespace(namespace);
  try {
    addVeth(namespace, "wan", namespace, "lan");
    setLinkUp(namespace, "wan", true);
    setLinkUp(namespace, "lan", true);
    const text = subscribersGateway(subscribers);
    const place = { namespace, directory };
    const [read, reading] = timed(() => readGateway(text));
    if ("problems" in reading) throw new Error(reading.problems[0]?.message);
    const [plan, planned] = timed(() => planGateway(reading.gateway, readHostFacts(namespace, { directory })));
    const [render, desired] = timed(() => renderState(planned));
    const [apply] = timed(() => expect("applied", applyGateway({ ...place, desired })));
    const [applyAgain] = timed(() => expect("unchanged", applyGateway({ ...place, desired })));
    // From the changed file to the changed kernel, as a user waits for it.
    const [addOne] = timed(() =>
      expect("applied", applyGateway({ ...place, desired: desiredOf(subscribers + 1, namespace, directory) })),
    );
    const [remove] = timed(() => removeGateway(place));
    return { read, plan, render, apply, applyAgain, addOne, remove };
  } finally {
    deleteNamespace(namespace);
    rmSync(directory, { recursive: true, force: true });
  }
}

function desiredOf(subscribers: number, namespace: string, directory: string): DesiredState {
  const reading = readGateway(subscribersGateway(subscribers));
  if ("problems" in reading) throw new Error(reading.problems[0]?.message);
  return renderState(planGateway(reading.gateway, readHostFacts(namespace, { directory })));
}

function timed<T>(run: () => T): [milliseconds: number, result: T] {
  const started = performance.now();
  const result = run();
  return [performance.now() - started, result];
}

function expect(wanted: ApplyOutcome["outcome"], { outcome, problems }: ApplyOutcome): void {
  if (outcome !== wanted)
    throw new Error(`${outcome} in place of ${wanted}: ${problems[0]?.message ?? "no reason given"}`);
}
