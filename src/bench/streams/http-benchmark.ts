import { runAb, type AbRun } from "../../lab/story/ab.ts";
import type { AbFigures } from "../../lab/story/ab-output.ts";
import { BenchError, interruptedBy } from "../error.ts";
import { runStreamTrials, serverBy, type StreamArm, type StreamOptions, type StreamTrials } from "./arms.ts";
import { runProgram } from "./program.ts";
import { buildStreamStage, type StreamStage } from "./stage.ts";
import { parseWrk, type WrkFigures } from "./wrk.ts";

/** How to measure HTTP. */
export interface HttpOptions extends StreamOptions {
  /** Of each tool, at a time. */
  readonly connections: number;
  /** That ab makes in one trial, each on a connection of its own. */
  readonly abRequests: number;
  /** For which wrk asks in one trial, over connections that stay. */
  readonly wrkSeconds: number;
}

/** One trial: both tools, one after the other. */
export interface HttpTrial {
  readonly ab: AbFigures;
  readonly wrk: WrkFigures;
}

/**
 * A page that the server makes anew, for a fifth of a millisecond of its CPU: it is the server that sets the pace, as a
 * real one does.
 */
const PAGE = "download?bytes=1000";
const WARM_UP_REQUESTS = 2000;

/** Measures requests a second to a web server beyond the gateway, by ab and by wrk. Cleans up. */
export async function benchmarkHttp(options: HttpOptions): Promise<StreamTrials<HttpTrial>> {
  const { onStep = () => undefined, signal } = options;
  onStep("building the gateway");
  const stage = await buildStreamStage();
  try {
    onStep("warming the server up");
    await ask(stage, "direct", { ...options, abRequests: WARM_UP_REQUESTS });
    return await runStreamTrials(stage, "ab and wrk", options, (arm) => ask(stage, arm, options));
  } catch (error) {
    throw interruptedBy(signal, error);
  } finally {
    await stage.lab.close();
  }
}

async function ask(stage: StreamStage, arm: StreamArm, options: HttpOptions): Promise<HttpTrial> {
  const { connections, abRequests, wrkSeconds, signal } = options;
  const namespace = stage.lab.topology.namespaces.inside;
  const url = `http://${serverBy(stage, arm)}/${PAGE}`;
  const cpu = stage.cpus?.client;
  const order = { namespace, url, connections, requests: abRequests, ...(cpu === undefined ? {} : { cpu }) };
  const ab = finished(await runAb(order, signal));
  const command = ["wrk", "-t1", `-c${connections}`, `-d${wrkSeconds}s`, "--latency", url] as const;
  const wrk = parseWrk(await runProgram({ namespace, command: [...command], cpu, signal }));
  return { ab, wrk };
}

function finished({ outcome, command }: AbRun): AbFigures {
  if (outcome.finished) return outcome;
  throw new BenchError(
    "bench-not-valid",
    `\`${command}\` gave up: ${outcome.words}`,
    "run it on a machine that does nothing else",
  );
}
