import { KernelError } from "../../kernel/error.ts";
import type { Reading } from "./reading.ts";

/** Counters that are read together. */
export type CounterGroup =
  | "conntrack"
  | "expectation"
  | "protocol"
  | "route"
  | "softnet"
  | "interface"
  | "queue"
  | "neighbour"
  | "fragment"
  | "cpu"
  | "driver"
  | "listener"
  | "rule";

/** Something that could not be read, why, and what would help. */
export interface Missing {
  /** `conntrack`, `rules`, ...: the group of counters that is absent or lacks something. */
  readonly group: CounterGroup;
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
}

/** What one group of counters gave. */
export interface GroupReadings {
  readonly readings: Record<string, Reading>;
  readonly texts: Record<string, string>;
  readonly missing: Missing[];
}

/** Runs a part of reading; a failure of the kernel's becomes an entry of `missing`. Gives whether it worked. */
export function attempt(into: GroupReadings, group: CounterGroup, what: string, read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    into.missing.push({ group, what, why: error.message.replaceAll(/\s+/g, " "), remedy: error.remedy });
    return false;
  }
}
