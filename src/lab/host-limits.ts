import { readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { isSysctlWritable, readSysctl, writeSysctl } from "../kernel/sysctl.ts";
import { withLabLock } from "./lock.ts";
import { LIMITS_FILE } from "./place.ts";
import { readLab } from "./state.ts";

/** Host-wide limits by sysctl name: the least value wished for. */
export type LimitWishes = Readonly<Record<string, number>>;

/** What became of the wishes. */
export interface BorrowedLimits {
  /** Raised for this lab or another one that still runs. */
  readonly raised: readonly string[];
  /** Too low, and not ours to raise: not root on the host. */
  readonly refused: readonly string[];
}

/** One limit on loan. */
interface Loan {
  /** As it was before the first lab. */
  readonly original: string;
  /** What we wrote last, as the kernel reads it back (it rounds buckets to whole pages). */
  readonly written: string;
  /** By lab. */
  readonly wishes: Readonly<Record<string, number>>;
}

type Loans = Readonly<Record<string, Loan>>;

/**
 * Raises limits that all namespaces of the host share for as long as the lab lives. Labs side by side share a loan:
 * the largest wish counts, and the last lab to go puts the old value back.
 */
export function borrowHostLimits(lab: string, wishes: LimitWishes): BorrowedLimits {
  return withLabLock("raise the host's limits for the lab", () => {
    const loans: Record<string, Loan> = { ...readLoans() };
    const raised: string[] = [];
    const refused: string[] = [];
    for (const [name, wish] of Object.entries(wishes)) {
      const now = readSysctl(undefined, name);
      if (now === undefined) continue;
      const loan = loans[name];
      if (loan === undefined && Number(now) >= wish) continue;
      if (!isSysctlWritable(undefined, name)) {
        refused.push(name);
        continue;
      }
      const lent = { original: loan?.original ?? now, wishes: { ...loan?.wishes, [lab]: wish } };
      // The loan is on record before the value changes: killed in between, we put back what is there anyway.
      loans[name] = { ...lent, written: now };
      writeLoans(loans);
      if (Number(now) < wish) writeSysctl(undefined, name, String(wish));
      loans[name] = { ...lent, written: readSysctl(undefined, name) ?? now };
      writeLoans(loans);
      raised.push(name);
    }
    return { raised, refused };
  });
}

/**
 * Ends the lab's share of all loans, and those of labs no longer on record: limits go down to the largest wish left,
 * or to what they were.
 */
export function returnHostLimits(lab: string): void {
  withLabLock("put the host's limits back", () => {
    const loans: Record<string, Loan> = { ...readLoans() };
    for (const [name, loan] of Object.entries(loans)) {
      const lasting = Object.entries(loan.wishes).filter(([id]) => id !== lab && readLab(id) !== undefined);
      if (lasting.length === Object.keys(loan.wishes).length) continue;
      const wishes = Object.fromEntries(lasting);
      const left = Object.values(wishes);
      const target = left.length === 0 ? loan.original : String(Math.max(Number(loan.original), ...left));
      const now = readSysctl(undefined, name);
      // Somebody else has set it since: theirs stands.
      const ours = now === loan.written || loan.written === loan.original;
      if (ours && now !== target) writeSysctl(undefined, name, target);
      const written = ours ? (readSysctl(undefined, name) ?? target) : loan.written;
      if (left.length === 0) delete loans[name];
      else loans[name] = { ...loan, wishes, written };
    }
    writeLoans(loans);
  });
}

function readLoans(): Loans {
  try {
    return JSON.parse(readFileSync(LIMITS_FILE, "utf8")) as Loans;
  } catch {
    return {};
  }
}

function writeLoans(loans: Loans): void {
  if (Object.keys(loans).length > 0) {
    // In one step: a loan half written would lose what the limit was.
    writeFileSync(`${LIMITS_FILE}.new`, `${JSON.stringify(loans, null, 2)}\n`);
    renameSync(`${LIMITS_FILE}.new`, LIMITS_FILE);
    return;
  }
  try {
    unlinkSync(LIMITS_FILE);
  } catch {
    // There was none.
  }
}
