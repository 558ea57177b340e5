import { IDLE_CLASSES } from "../../diagnose/signals/table.ts";

export { timeoutSetting } from "../../diagnose/timeout-setting.ts";

/** The class of `IDLE_CLASSES` for so many seconds. */
export function idleClass(seconds: number): number {
  const found = IDLE_CLASSES.findIndex((end) => seconds <= end);
  return found < 0 ? IDLE_CLASSES.length : found;
}
