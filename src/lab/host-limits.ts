import { readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { isSysctlWritable, readSysctl, writeSysctl } from "../kernel/sysctl.ts";
import { LabError } from "./error.ts";
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
  /** A lab that holds it lower than it was, at what, and how long others wait for it (milliseconds since 1970). */
  readonly lowered?: { readonly lab: string; readonly limit: number; readonly until: number };
}

type Loans = Readonly<Record<string, Loan>>;

/** Who holds a limit low has so long; after that it belongs to whoever needs more. */
const HOLD_MS = 20_000;
const STEP_MS = 50;

/**
 * Raises limits that all namespaces of the host share for as long as the lab lives. Labs side by side share a loan:
 * the largest wish counts, and the last lab to go puts the old value back. Waits while another lab holds one of them
 * low, which is a matter of seconds.
 */
export function borrowHostLimits(lab: string, wishes: LimitWishes): BorrowedLimits {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  while (Object.keys(wishes).some((name) => isHeldByOther(lab, name))) Atomics.wait(sleeper, 0, 0, STEP_MS);
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
      const least = loan?.lowered === undefined ? wish : Number(wished(lent));
      // The loan is on record before the value changes: killed in between, we put back what is there anyway.
      loans[name] = { ...lent, written: now };
      writeLoans(loans);
      if (Number(now) < least) writeSysctl(undefined, name, String(least));
      loans[name] = { ...lent, written: readSysctl(undefined, name) ?? now };
      writeLoans(loans);
      raised.push(name);
    }
    return { raised, refused };
  });
}

/**
 * Holds a limit that all namespaces of the host share lower than it is, for as short as can be: until the lab calls
 * `raiseLoweredLimits` or goes; after 20 seconds whoever wishes for more gets it. Throws `limit-in-use` while another
 * lab needs it.
 */
export function lowerHostLimit(lab: string, name: string, limit: number): void {
  withLabLock("lower a limit of the host for the lab", () => {
    const loans: Record<string, Loan> = { ...readLoans() };
    const loan = loans[name];
    const now = readSysctl(undefined, name);
    if (now === undefined || !isSysctlWritable(undefined, name)) throw notOurs(name);
    const users = [...Object.keys(loan?.wishes ?? {}), ...(loan?.lowered === undefined ? [] : [loan.lowered.lab])];
    const other = users.find((id) => id !== lab && readLab(id) !== undefined);
    if (other !== undefined) throw inUse(name, other);
    if (loan === undefined && Number(now) <= limit) return;
    const lent = { original: loan?.original ?? now, wishes: {}, lowered: { lab, limit, until: Date.now() + HOLD_MS } };
    loans[name] = { ...lent, written: now };
    writeLoans(loans);
    writeSysctl(undefined, name, String(limit));
    loans[name] = { ...lent, written: readSysctl(undefined, name) ?? String(limit) };
    writeLoans(loans);
  });
}

/**
 * Leaves a limit to somebody who is about to set it, for as long as the lab lives: whatever it is then, it goes back to
 * what it was before the first lab when the last one goes.
 */
export function leaveHostLimit(lab: string, name: string): void {
  withLabLock("note a limit of the host that is about to be changed", () => {
    const loans: Record<string, Loan> = { ...readLoans() };
    const loan = loans[name];
    const original = loan?.original ?? readSysctl(undefined, name);
    if (original === undefined) return;
    // Written as it was: then whatever is there at the end counts as ours.
    loans[name] = { original, written: original, wishes: { ...loan?.wishes, [lab]: Number(original) } };
    writeLoans(loans);
  });
}

/** Says whether the limit still is as low as the lab wanted it. */
export function isHeldLow(lab: string, name: string): boolean {
  const loan = readLoans()[name];
  return loan?.lowered?.lab === lab && readSysctl(undefined, name) === loan.written;
}

function isHeldByOther(lab: string, name: string): boolean {
  const lowered = readLoans()[name]?.lowered;
  return (
    lowered !== undefined && lowered.lab !== lab && Date.now() < lowered.until && readLab(lowered.lab) !== undefined
  );
}

/** Puts what the lab holds low back to what it was, and leaves what it has raised. */
export function raiseLoweredLimits(lab: string): void {
  settleLoans("raise a lowered limit of the host again", ({ lowered, ...loan }) =>
    lowered === undefined || lowered.lab !== lab ? { ...loan, ...(lowered === undefined ? {} : { lowered }) } : loan,
  );
}

/**
 * Ends the lab's share of all loans, and those of labs no longer on record: limits go down to the largest wish left,
 * or back to what they were.
 */
export function returnHostLimits(lab: string): void {
  const lasts = (id: string): boolean => id !== lab && readLab(id) !== undefined;
  settleLoans("put the host's limits back", ({ lowered, ...loan }) => ({
    ...loan,
    wishes: Object.fromEntries(Object.entries(loan.wishes).filter(([id]) => lasts(id))),
    ...(lowered === undefined || !lasts(lowered.lab) ? {} : { lowered }),
  }));
}

/** Sets every limit to what is left of its loan; without a taker the loan is over. */
function settleLoans(tried: string, settle: (loan: Loan) => Loan): void {
  withLabLock(tried, () => {
    const loans: Record<string, Loan> = { ...readLoans() };
    for (const [name, loan] of Object.entries(loans)) {
      const left = settle(loan);
      const isOver = Object.keys(left.wishes).length === 0 && left.lowered === undefined;
      const sameTakers = Object.keys(left.wishes).length === Object.keys(loan.wishes).length;
      if (sameTakers && left.lowered?.lab === loan.lowered?.lab && !isOver) continue;
      const target = left.lowered === undefined ? wished(left) : String(left.lowered.limit);
      const now = readSysctl(undefined, name);
      // Somebody else has set it since: theirs stands.
      const ours = now === loan.written || loan.written === loan.original;
      if (ours && now !== target) writeSysctl(undefined, name, target);
      const written = ours ? (readSysctl(undefined, name) ?? target) : loan.written;
      if (isOver) delete loans[name];
      else loans[name] = { ...left, written };
    }
    writeLoans(loans);
  });
}

/** The largest wish, at least what it was. */
function wished({ original, wishes }: Pick<Loan, "original" | "wishes">): string {
  const most = Math.max(0, ...Object.values(wishes));
  return most > Number(original) ? String(most) : original;
}

function inUse(name: string, lab: string): LabError {
  return new LabError(
    "limit-in-use",
    `${name} belongs to the whole host, and lab ${lab} needs it as it is`,
    `wait until that lab is gone, or take it down: \`meganat lab down ${lab}\``,
  );
}

function notOurs(name: string): LabError {
  return new LabError(
    "lab-no-permission",
    `${name} belongs to the whole host, and may not be set here`,
    "run it as root of the host, outside containers",
  );
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
