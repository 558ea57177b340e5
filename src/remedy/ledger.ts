import { join } from "node:path";
import { recordDirectory } from "../apply/record-directory.ts";
import { readIfThere, writeWhole } from "../apply/whole-file.ts";
import { kernelErrorFromNode } from "../kernel/ffi/errno.ts";
import { lockFile } from "../kernel/file-lock.ts";
import { readNamespaceIdentity, type NamespaceIdentity } from "../kernel/namespace-identity.ts";
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
export interface Ledger {
  readonly version: 1;
  readonly identity: NamespaceIdentity;
  readonly fixes: readonly CarriedOut[];
}

/** Where the ledger of one namespace is kept: beside the record of apply. */
export class LedgerStore {
  readonly #directory: string;
  readonly #identity: NamespaceIdentity;

  /** `directory` in place of /run/meganat. */
  constructor(namespace: NamespaceName, directory?: string) {
    this.#directory = recordDirectory(namespace, directory);
    this.#identity = readNamespaceIdentity(namespace);
  }

  /** The fixes in force: none, if they were made in an earlier namespace of the same name or before a reboot. */
  read(): readonly CarriedOut[] {
    const text = readIfThere(this.#path);
    if (text === undefined) return [];
    const { identity, fixes } = JSON.parse(text) as Ledger;
    const same = identity.boot === this.#identity.boot && identity.namespace === this.#identity.namespace;
    return same ? fixes : [];
  }

  /** Runs with the namespace's ledger to ourselves; throws `kernel-busy` if another doctor is at work there. */
  locked<T>(task: string, run: () => T): T {
    this.write(this.read());
    const lock = lockFile(`${this.#path}.lock`, task);
    try {
      return run();
    } finally {
      lock.release();
    }
  }

  write(fixes: readonly CarriedOut[]): void {
    const ledger: Ledger = { version: 1, identity: this.#identity, fixes };
    try {
      writeWhole(this.#directory, this.#path, `${JSON.stringify(ledger, null, 2)}\n`);
    } catch (error) {
      throw kernelErrorFromNode(`keep the record of fixes in ${this.#directory}`, error);
    }
  }

  get #path(): string {
    return join(this.#directory, "fixes");
  }
}
