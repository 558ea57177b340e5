import { join } from "node:path";
import { recordDirectory } from "../apply/record-directory.ts";
import { readIfThere, writeWhole } from "../apply/whole-file.ts";
import { kernelErrorFromNode } from "../kernel/ffi/errno.ts";
import { lockFile } from "../kernel/file-lock.ts";
import { readNamespaceIdentity, type NamespaceIdentity } from "../kernel/namespace-identity.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import type { Place } from "../plan/cards/proposal.ts";

/** A value that tuning changed, or is about to. */
export interface TunedValue {
  readonly place: Place;
  /** Before the first change of ours. */
  readonly old: string;
  /** What we set, as the kernel reads it back; while it is being set, what it shall be. */
  readonly set: string;
}

interface Ledger {
  readonly version: 1;
  readonly identity: NamespaceIdentity;
  /** In the order they were changed. */
  readonly values: readonly TunedValue[];
}

/** Where tuning keeps the old values of one namespace: beside the record of apply. */
export class TuningLedger {
  readonly #directory: string;
  readonly #identity: NamespaceIdentity;

  /** `directory` in place of /run/meganat. */
  constructor(namespace: NamespaceName, directory?: string) {
    this.#directory = recordDirectory(namespace, directory);
    this.#identity = readNamespaceIdentity(namespace);
  }

  /** The values that are changed: none, if that was before a reboot or in an earlier namespace of the same name. */
  read(): readonly TunedValue[] {
    const text = readIfThere(this.#path);
    if (text === undefined) return [];
    const { identity, values } = JSON.parse(text) as Ledger;
    const same = identity.boot === this.#identity.boot && identity.namespace === this.#identity.namespace;
    return same ? values : [];
  }

  /** Runs with the ledger to ourselves; throws `kernel-busy` if somebody else is tuning the namespace. */
  locked<T>(task: string, run: () => T): T {
    this.write(this.read());
    const lock = lockFile(`${this.#path}.lock`, task);
    try {
      return run();
    } finally {
      lock.release();
    }
  }

  write(values: readonly TunedValue[]): void {
    const ledger: Ledger = { version: 1, identity: this.#identity, values };
    try {
      writeWhole(this.#directory, this.#path, `${JSON.stringify(ledger, null, 2)}\n`);
    } catch (error) {
      throw kernelErrorFromNode(`keep the record of tuning in ${this.#directory}`, error);
    }
  }

  get #path(): string {
    return join(this.#directory, "tuning");
  }
}
