import { parentPort, workerData } from "node:worker_threads";
import { inNamespace } from "../namespace.ts";
import type { LiveFramesSetup, SliceDone } from "./live-frames.ts";
import { KernelError } from "../error.ts";
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
    if (!(error instanceof KernelError)) throw error;
    const { code, message, tried, errno, kernelSaid, remedy } = error;
    // A class does not survive the way between threads; its fields do.
    return {
      failure: { code, message, detail: { tried, errno, remedy, ...(kernelSaid === undefined ? {} : { kernelSaid }) } },
    };
  }
}
