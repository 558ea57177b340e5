import { parentPort, workerData } from "node:worker_threads";
import { packFailure } from "../../kernel/thread-failure.ts";
import { carryOut } from "./carry-out.ts";
import type { FlowAnswer, FlowOrder } from "./flow-order.ts";

parentPort?.postMessage(answer(workerData as FlowOrder), []);

function answer(order: FlowOrder): FlowAnswer {
  try {
    return { report: carryOut(order) };
  } catch (error) {
    return { failure: packFailure(error) };
  }
}
