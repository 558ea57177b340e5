import { startThread } from "../../kernel/thread.ts";
import { unpackFailure } from "../../kernel/thread-failure.ts";
import type { FlowAnswer, FlowOrder, FlowReport } from "./flow-order.ts";

/** Reads the connection table in a thread of its own, so that this one can go on; rejects with what the thread threw. */
export function readFlows(order: FlowOrder): Promise<FlowReport> {
  const thread = startThread("./flow-worker", import.meta.url, order);
  return new Promise((resolve, reject) => {
    thread.once("message", (answer: FlowAnswer) => {
      if ("failure" in answer) reject(unpackFailure(answer.failure));
      else resolve(answer.report);
    });
    thread.once("error", reject);
    thread.once("exit", () => reject(new Error("the thread that reads the connection table has ended")));
  });
}
