import { parentPort, workerData } from "node:worker_threads";
import { inNamespace } from "../namespace.ts";
import { packFailure } from "../thread-failure.ts";
import type { LiveFramesSetup, SliceDone } from "./live-frames.ts";
import { runLiveFrames } from "./program.ts";

const setup = workerData as LiveFramesSetup;

parentPort?.on("message", (count: number) => {
  parentPort?.postMessage(runSlice(count));
});
parentPort?.postMessage({ completed: true } satisfies SliceDone);

function runSlice(count: number): SliceDone {
  try {
    return { completed: inNamespace(setup.namespace, () => runLiveFrames(setup.programFd, setup.frame, count)) };
  } catch (error) {
    return { failure: packFailure(error) };
  }
}
