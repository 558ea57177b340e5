import { appendFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lockFile } from "../kernel/file-lock.ts";
import { formatJournal, parseJournal, type FoundJournal, type Journal } from "./journal.ts";
import { formatRecord, parseRecord, parseRecordHead, type ApplyRecord, type RecordHead } from "./record.ts";
import { readIfThere, writeWhole } from "./whole-file.ts";

/** Where record and journal of one namespace are kept. Everything throws when the disk does not do its part. */
export interface RecordStore {
  /** Takes the namespace for us alone; throws `kernel-busy` if another has it. */
  lock(task: string): { release(): void };
  /** Nobody had the lock before us: nothing was applied since the place was made, which below /run is since boot. */
  isUnused(): boolean;
  readRecord(): ApplyRecord | undefined;
  /** Only the part that does not grow with the ruleset. */
  readHead(): RecordHead | undefined;
  writeRecord(record: ApplyRecord): void;
  deleteRecord(): void;
  readJournal(): FoundJournal | undefined;
  writeJournal(journal: Journal): void;
  /** Notes that the steps up to this number are done. */
  markStep(step: number): void;
  deleteJournal(): void;
}

/** Record and journal as files in a directory, which is made when first needed. */
export function fileRecordStore(directory: string): RecordStore {
  const record = join(directory, "record");
  const journal = join(directory, "journal");
  // Stays when it is let go of.
  const lock = join(directory, "lock");
  let wasUnused: boolean | undefined;
  return {
    lock(task) {
      mkdirSync(directory, { recursive: true });
      wasUnused = !existsSync(lock);
      return lockFile(lock, task);
    },
    isUnused: () => wasUnused ?? !existsSync(lock),
    readRecord: () => parseRecord(readIfThere(record) ?? ""),
    readHead: () => parseRecordHead(readIfThere(record) ?? ""),
    writeRecord: (value) => writeWhole(directory, record, formatRecord(value)),
    deleteRecord: () => rmSync(record, { force: true }),
    readJournal: () => parseJournal(readIfThere(journal) ?? ""),
    writeJournal: (value) => writeWhole(directory, journal, formatJournal(value)),
    // No fsync: what a killed process has written stays, and a reboot ends the state this is about.
    markStep: (step) => appendFileSync(journal, `${step}\n`),
    deleteJournal: () => rmSync(journal, { force: true }),
  };
}
