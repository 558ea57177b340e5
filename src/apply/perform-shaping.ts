import type { ShapingChange } from "./change.ts";
import type { Live } from "./live.ts";
import type { Performed } from "./perform.ts";
import { hasOurQueue } from "./shaping-changes.ts";

/** Brings the queue of an interface to what the change says, whatever part of it is done already. */
export function performShaping(live: Live, { action, interface: device, from, to }: ShapingChange): Performed {
  const isThere = hasOurQueue({ queues: live.queues() }, device);
  if (action === "remove") {
    if (isThere) live.removeShaping(device);
    return { done: isThere };
  }
  if (!isThere) {
    if (action === "restore") return { done: false };
    live.addShaping(device);
  }
  live.setClasses(device, new Set([...from, ...to].map(({ number }) => number)), to);
  return { done: true };
}
