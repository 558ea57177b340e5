import { join } from "node:path";
import { kernelErrorFromNode } from "../kernel/ffi/errno.ts";
import { lockFile } from "../kernel/file-lock.ts";
import { readNamespaceIdentity, type NamespaceIdentity } from "../kernel/namespace-identity.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { recordDirectory } from "./record-directory.ts";
import { readIfThere, writeWhole } from "./whole-file.ts";

/** Which ledger: its file's name, what its entries are called in the file, and what it is of, in messages. */
export interface LedgerKind {
  readonly file: string;
  readonly entries: string;
  readonly words: string;
}

/** What was changed in one namespace, so that it can be taken back: kept beside the record of apply. */
export class NamespaceLedger<Entry> {
  readonly #kind: LedgerKind;
  readonly #directory: string;
  readonly #identity: NamespaceIdentity;

  /** `directory` in place of /run/meganat. */
  constructor(kind: LedgerKind, namespace: NamespaceName, directory?: string) {
    this.#kind = kind;
    this.#directory = recordDirectory(namespace, directory);
    this.#identity = readNamespaceIdentity(namespace);
  }

  /** The changes in force: none, if they were made in an earlier namespace of the same name or before a reboot. */
  read(): readonly Entry[] {
    const text = this.#onDisk("read", () => readIfThere(this.#path));
    if (text === undefined) return [];
    const ledger = JSON.parse(text) as { readonly identity: NamespaceIdentity } & Readonly<Record<string, unknown>>;
    const { boot, namespace } = ledger.identity;
    const same = boot === this.#identity.boot && namespace === this.#identity.namespace;
    return same ? (ledger[this.#kind.entries] as readonly Entry[]) : [];
  }

  /** Runs with the ledger to ourselves; throws `kernel-busy` if somebody else is at work with it. */
  locked<T>(task: string, run: () => T): T {
    this.write(this.read());
    const lock = lockFile(`${this.#path}.lock`, task);
    try {
      return run();
    } finally {
      lock.release();
    }
  }

  write(entries: readonly Entry[]): void {
    const ledger = { version: 1, identity: this.#identity, [this.#kind.entries]: entries };
    this.#onDisk("keep", () => writeWhole(this.#directory, this.#path, `${JSON.stringify(ledger, null, 2)}\n`));
  }

  #onDisk<T>(verb: "read" | "keep", act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw kernelErrorFromNode(`${verb} the record of ${this.#kind.words} in ${this.#directory}`, error, {
        remedy: "run as root, or let MEGANAT_STATE_DIRECTORY name a directory that can be written to",
      });
    }
  }

  get #path(): string {
    return join(this.#directory, this.#kind.file);
  }
}
