import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { pinThread } from "../cpu-affinity.ts";
import { inNamespace } from "../namespace.ts";
import { packFailure } from "../thread-failure.ts";
import { threadSetup } from "../thread.ts";
import type { LiveFramesOrder, LiveFramesSetup, SliceDone } from "./live-frames.ts";
import { runLiveFrames } from "./program.ts";
import { runTimedFrames } from "./timed-frames.ts";

/** Before the other programs of its CPU: they would be measured with it. Of this thread only, as Linux has it for 0. */
const PRIORITY = -15;

const setup = threadSetup() as LiveFramesSetup;

parentPort?.on("message", (order: LiveFramesOrder) => {
  parentPort?.postMessage(attempt(() => carryOut(order)));
});
parentPort?.postMessage(attempt(begin));

function begin(): SliceDone {
  if (setup.cpu !== undefined) {
    pinThread(setup.cpu);
    setPriority(0, PRIORITY);
  }
  return { completed: true, nanoseconds: 0 };
}

function carryOut(order: LiveFramesOrder): SliceDone {
  const send = (count: number): boolean => runLiveFrames(setup.programFd, setup.frame, count);
  return inNamespace(setup.namespace, () => {
    const started = process.hrtime.bigint();
    const completed = "count" in order ? send(order.count) : runTimedFrames(order, send);
    return { completed, nanoseconds: Number(process.hrtime.bigint() - started) };
  });
}

function attempt(run: () => SliceDone): SliceDone {
  try {
    return run();
  } catch (error) {
    return { failure: packFailure(error) };
  }
}
