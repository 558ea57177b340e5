import { NamespaceLedger } from "../apply/namespace-ledger.ts";
import type { NamespaceName } from "../kernel/namespace.ts";

/** A sysctl that a fix set. */
export interface ChangedSysctl {
  readonly name: string;
  /** Where: the namespace that was looked at, or the host's first one, which some limits belong to. */
  readonly scope: "namespace" | "host";
  readonly old: string;
  /** As the kernel reads it back; absent while it is being written. */
  readonly set?: string;
}

/** A fix that was carried out and not taken back. */
export interface CarriedOut {
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  readonly sysctls: readonly ChangedSysctl[];
  readonly clampsSegmentSize: boolean;
  readonly deletedConnections: number;
}

/** The fixes of one namespace that are in force. */
export type FixLedger = NamespaceLedger<CarriedOut>;

/** Opens it; `directory` in place of /run/meganat. */
export function openFixLedger(namespace: NamespaceName, directory?: string): FixLedger {
  return new NamespaceLedger({ file: "fixes", entries: "fixes", words: "fixes" }, namespace, directory);
}
