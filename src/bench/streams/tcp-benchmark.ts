import { setTimeout as sleep } from "node:timers/promises";
import { spawnInNamespace } from "../../kernel/namespace.ts";
import { interruptedBy } from "../error.ts";
import { runStreamTrials, serverBy, type StreamOptions, type StreamTrials } from "./arms.ts";
import { parseIperf3, type Iperf3Figures } from "./iperf3.ts";
import { runProgram } from "./program.ts";
import { buildStreamStage, type StreamStage } from "./stage.ts";

/** How to measure bulk TCP. */
export interface TcpOptions extends StreamOptions {
  /** That one trial sends. */
  readonly megabytes: number;
}

/** The default one of many kernels; others pace, and would measure their own clock. */
const CONGESTION_CONTROL = "cubic";
const TRIES = 40;
const WAIT_MS = 50;

/** Measures bulk TCP from a subscriber to a server beyond the gateway, one stream by iperf3. Cleans up. */
export async function benchmarkTcp(options: TcpOptions): Promise<StreamTrials<Iperf3Figures>> {
  const { megabytes, onStep = () => undefined, signal } = options;
  onStep("building the gateway");
  const stage = await buildStreamStage();
  try {
    await startServer(stage, signal);
    return await runStreamTrials(stage, "iperf3", options, (arm) =>
      runIperf3(stage, serverBy(stage, arm), megabytes, signal),
    );
  } catch (error) {
    throw interruptedBy(signal, error);
  } finally {
    await stage.lab.close();
  }
}

/** It ends with the lab. */
async function startServer({ lab, addresses, cpus }: StreamStage, signal: AbortSignal | undefined): Promise<void> {
  const { inside, outside } = lab.topology.namespaces;
  const command = ["iperf3", "-s"];
  const [program = "", ...args] = cpus === undefined ? command : ["taskset", "-c", String(cpus.server), ...command];
  const server = spawnInNamespace(outside, program, args, { stdio: "ignore", detached: true });
  // What is wrong with it, its client says.
  server.on("error", () => undefined);
  server.unref();
  for (let attempt = 1; ; attempt++) {
    await sleep(WAIT_MS, undefined, { signal });
    try {
      const command = iperf3Command(addresses.direct, 1);
      await runProgram({ namespace: inside, command, cpu: cpus?.client, signal });
      return;
    } catch (error) {
      if (attempt === TRIES) throw error;
    }
  }
}

async function runIperf3(
  { lab, cpus }: StreamStage,
  server: string,
  megabytes: number,
  signal: AbortSignal | undefined,
): Promise<Iperf3Figures> {
  const { inside } = lab.topology.namespaces;
  const command = iperf3Command(server, megabytes);
  return parseIperf3(await runProgram({ namespace: inside, command, cpu: cpus?.client, signal }));
}

function iperf3Command(server: string, megabytes: number): [string, ...string[]] {
  return ["iperf3", "-J", "-c", server, "-C", CONGESTION_CONTROL, "-n", `${megabytes}M`];
}
