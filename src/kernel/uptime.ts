import { uptime } from "node:os";

/** Seconds since the machine was started. */
export function readUptime(): number {
  return uptime();
}
