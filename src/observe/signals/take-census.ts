import type { TableSignal } from "../../diagnose/signals/table.ts";
import { readSteadily, scanConntrack } from "../../kernel/conntrack/scan.ts";
import type { KernelFilter } from "../../kernel/conntrack/kernel-filter.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { startThread } from "../../kernel/thread.ts";
import { unpackFailure, type ThreadFailure } from "../../kernel/thread-failure.ts";
import { Census, type CensusOrder } from "./census.ts";

/** A census to take; plain data. */
export interface CensusJob extends CensusOrder {
  readonly namespace: NamespaceName;
}

/** What the thread answers. */
export type CensusAnswer = { readonly table: TableSignal } | { readonly failure: ThreadFailure };

/** What is made for an entry lives no longer than it: a larger nursery would only fill up with what is dead. */
const NURSERY_MB = 4;

const EVERYTHING: KernelFilter = { family: 0 };

/** Reads the connection table once, or twice if a pool is filling up; blocks the thread meanwhile. */
export function takeCensus(job: CensusJob): TableSignal {
  return readSteadily(job.namespace, () => takeOnce(job));
}

function takeOnce({ namespace, ...order }: CensusJob): TableSignal {
  const census = new Census(order, Date.now() / 1000);
  const scan = scanConntrack(namespace, EVERYTHING, (entry) => census.add(entry));
  if (census.choose()) scanConntrack(namespace, EVERYTHING, (entry) => census.attribute(entry));
  const table = census.result(scan);
  // The dump leaves out what has expired, and removes it.
  return table.interrupted ? table : { ...table, expired: Math.max(0, scan.countBefore - table.entries) };
}

/** The same in a thread of its own, so that this one goes on; rejects with what the kernel refused. */
export function takeCensusAside(job: CensusJob): Promise<TableSignal> {
  const thread = startThread("./census-worker", import.meta.url, job, { maxYoungGenerationSizeMb: NURSERY_MB });
  return new Promise((resolve, reject) => {
    thread.once("message", (answer: CensusAnswer) => {
      if ("failure" in answer) reject(unpackFailure(answer.failure));
      else resolve(answer.table);
    });
    thread.once("error", reject);
    thread.once("exit", () => reject(new Error("the thread that reads the connection table has ended")));
  });
}
