import { existsSync } from "node:fs";
import { runInNamespace } from "./namespace.ts";

/** Makes systemd read its units again, where it is what runs this system; elsewhere it does nothing. */
export function reloadSystemd(): void {
  // sd_booted(3): the directory is there exactly when systemd is process 1.
  if (existsSync("/run/systemd/system")) runInNamespace(undefined, "systemctl", ["daemon-reload"]);
}
