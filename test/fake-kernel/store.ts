import { KernelError } from "../../src/kernel/error.ts";
import { formatJournal, parseJournal, type FoundJournal, type Journal } from "../../src/apply/journal.ts";
import {
  formatRecord,
  parseRecord,
  parseRecordHead,
  type ApplyRecord,
  type RecordHead,
} from "../../src/apply/record.ts";
import type { RecordStore } from "../../src/apply/record-store.ts";

/** Record and journal in memory, as the text their files would have. */
export class FakeStore implements RecordStore {
  record: string | undefined;
  journal: string | undefined;
  locked = false;
  locks = 0;
  /** The write of a record, counted from 1, that fails. */
  failRecord = 0;
  #writes = 0;

  lock(task: string): { release(): void } {
    if (this.locked) {
      throw new KernelError("kernel-busy", "EAGAIN", { tried: task, errno: 11, remedy: "wait" });
    }
    this.locked = true;
    this.locks += 1;
    return {
      release: () => {
        this.locked = false;
      },
    };
  }
  isUnused(): boolean {
    return this.locks === (this.locked ? 1 : 0);
  }
  readRecord(): ApplyRecord | undefined {
    return parseRecord(this.record ?? "");
  }
  readHead(): RecordHead | undefined {
    return parseRecordHead(this.record ?? "");
  }
  writeRecord(record: ApplyRecord): void {
    this.#writes += 1;
    if (this.#writes === this.failRecord) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    this.record = formatRecord(record);
  }
  deleteRecord(): void {
    this.record = undefined;
  }
  readJournal(): FoundJournal | undefined {
    return parseJournal(this.journal ?? "");
  }
  writeJournal(journal: Journal): void {
    this.journal = formatJournal(journal);
  }
  markStep(step: number): void {
    this.journal = `${this.journal ?? ""}${step}\n`;
  }
  deleteJournal(): void {
    this.journal = undefined;
  }

  /** What a crash at this moment would leave. */
  copy(): FakeStore {
    const copy = new FakeStore();
    copy.locks = this.locks;
    copy.record = this.record;
    copy.journal = this.journal;
    return copy;
  }
}
