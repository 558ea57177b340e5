import {
  appendFileSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { lockFile } from "../kernel/file-lock.ts";
import { formatJournal, parseJournal, type FoundJournal, type Journal } from "./journal.ts";
import { formatRecord, parseRecord, parseRecordHead, type ApplyRecord, type RecordHead } from "./record.ts";

/** Where record and journal of one namespace are kept. Everything throws when the disk does not do its part. */
export interface RecordStore {
  /** Takes the namespace for us alone; throws `kernel-busy` if another has it. */
  lock(task: string): { release(): void };
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
  return {
    lock(task) {
      mkdirSync(directory, { recursive: true });
      return lockFile(join(directory, "lock"), task);
    },
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

/** What a reader finds is the old text or the new, never a part. */
function writeWhole(directory: string, path: string, text: string): void {
  mkdirSync(directory, { recursive: true });
  const temporary = `${path}.new`;
  const fd = openSync(temporary, "w", 0o644);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  const parent = openSync(directory, "r");
  try {
    fsyncSync(parent);
  } finally {
    closeSync(parent);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
