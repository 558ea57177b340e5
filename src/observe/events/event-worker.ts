import { parentPort } from "node:worker_threads";
import { packFailure } from "../../kernel/thread-failure.ts";
import { threadSetup } from "../../kernel/thread.ts";
import { EventListener } from "./event-listener.ts";
import type { EventThreadSetup, FromEventThread } from "./event-stream.ts";

/** Lines go over without being copied. */
function post(message: FromEventThread): void {
  parentPort?.postMessage(message, "lines" in message ? [message.lines.buffer] : []);
}

try {
  const listener = new EventListener(threadSetup() as EventThreadSetup, post);
  try {
    post({ ended: listener.run() });
  } finally {
    listener.close();
  }
} catch (error) {
  post({ failure: packFailure(error) });
}
