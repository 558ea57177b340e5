import { parentPort } from "node:worker_threads";
import { removeMarkedConnections } from "../kernel/conntrack/remove.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { packFailure } from "../kernel/thread-failure.ts";
import { threadSetup } from "../kernel/thread.ts";
import { UPLINK_MASK } from "../plan/uplinks/marks.ts";
import type { Forgotten } from "./forget-thread.ts";

const { namespace } = threadSetup() as { readonly namespace: NamespaceName };

parentPort?.on("message", (mark: number) => {
  parentPort?.postMessage(forget(mark), []);
});

function forget(mark: number): Forgotten {
  try {
    removeMarkedConnections(namespace, mark, UPLINK_MASK);
    return { mark };
  } catch (error) {
    return { mark, failure: packFailure(error) };
  }
}
