import { parentPort } from "node:worker_threads";
import { packFailure } from "../../kernel/thread-failure.ts";
import { threadSetup } from "../../kernel/thread.ts";
import { carryOut } from "./carry-out.ts";
import type { FlowAnswer, FlowOrder } from "./flow-order.ts";

parentPort?.postMessage(answer(threadSetup() as FlowOrder), []);

function answer(order: FlowOrder): FlowAnswer {
  try {
    return { report: carryOut(order) };
  } catch (error) {
    return { failure: packFailure(error) };
  }
}
