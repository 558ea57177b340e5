import type { ConnectionFilter, SafeFix } from "../diagnose/finding.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { isSysctlWritable, readSysctl, writeSysctl } from "../kernel/sysctl.ts";
import { carryOut } from "../observe/flows/carry-out.ts";
import { flowFilterOf } from "./connection-match.ts";
import { RemedyError } from "./error.ts";
import { openFixLedger, type CarriedOut, type ChangedSysctl } from "./ledger.ts";
import { clampSegmentSize, leaveSegmentSize } from "./segment-size.ts";

/** Where to work, and where the ledger is. */
export interface FixPlace {
  readonly namespace: NamespaceName;
  /** In place of /run/meganat. */
  readonly directory?: string | undefined;
}

/** What undoing a fix did, in sentences. */
export interface Undone {
  readonly fix: CarriedOut;
  readonly done: readonly string[];
  /** What was left as it is, and why. */
  readonly left: readonly string[];
}

/** The fixes in force in the namespace. */
export function fixesInForce({ namespace, directory }: FixPlace): readonly CarriedOut[] {
  return openFixLedger(namespace, directory).read();
}

/**
 * Carries the steps of a finding's fix out. Each old value is on disk before it changes; if a step fails those before it
 * are taken back and the error comes out.
 */
export function carryOutFix(place: FixPlace, id: string, steps: readonly SafeFix[]): CarriedOut {
  const { namespace, directory } = place;
  const store = openFixLedger(namespace, directory);
  return store.locked(`carry out the fix of ${id}`, () => {
    const earlier = store.read();
    if (earlier.some((fix) => fix.id === id)) {
      throw new RemedyError(
        "fix-in-force",
        `the fix of ${id} is in force already`,
        `take it back first: \`meganat doctor --undo ${id}\``,
      );
    }
    const scopes = new Map(
      steps.flatMap((step) => (step.kind === "sysctl" ? [[step.name, scopeOf(namespace, step.name)] as const] : [])),
    );
    let fix: CarriedOut = {
      id,
      at: new Date().toISOString(),
      sysctls: [],
      clampsSegmentSize: false,
      deletedConnections: 0,
    };
    const note = (next: CarriedOut): void => {
      fix = next;
      store.write([...earlier, fix]);
    };
    try {
      for (const step of steps) note(carryOutStep(place, step, fix, scopes, note));
    } catch (error) {
      takeBack(namespace, fix);
      store.write(earlier);
      throw error;
    }
    return fix;
  });
}

/** Takes a fix back: each sysctl that still has the value we set gets its old one. */
export function undoFix({ namespace, directory }: FixPlace, id: string): Undone {
  const store = openFixLedger(namespace, directory);
  return store.locked(`take the fix of ${id} back`, () => {
    const fixes = store.read();
    const fix = fixes.find((one) => one.id === id);
    if (fix === undefined) {
      const others = fixes.map((one) => one.id);
      throw new RemedyError(
        "fix-unknown",
        `no fix of ${id} is in force here`,
        others.length === 0 ? "nothing is to be taken back" : `in force are: ${others.join(", ")}`,
      );
    }
    const undone = takeBack(namespace, fix);
    store.write(fixes.filter((one) => one !== fix));
    return { fix, ...undone };
  });
}

type Note = (fix: CarriedOut) => void;

function carryOutStep(
  { namespace }: FixPlace,
  step: SafeFix,
  fix: CarriedOut,
  scopes: ReadonlyMap<string, ChangedSysctl["scope"]>,
  note: Note,
): CarriedOut {
  switch (step.kind) {
    case "sysctl": {
      const scope = scopes.get(step.name) ?? "namespace";
      const where = scope === "host" ? undefined : namespace;
      const old = readSysctl(where, step.name) ?? "";
      const changing = { name: step.name, scope, old };
      note({ ...fix, sysctls: [...fix.sysctls, changing] });
      writeSysctl(where, step.name, step.value);
      return { ...fix, sysctls: [...fix.sysctls, { ...changing, set: readSysctl(where, step.name) ?? step.value }] };
    }
    case "clamp-segment-size":
      note({ ...fix, clampsSegmentSize: true });
      clampSegmentSize(namespace);
      return { ...fix, clampsSegmentSize: true };
    case "delete-connections": {
      const removed = step.filters.reduce((sum, filter) => sum + deleteConnections(namespace, filter), 0);
      return { ...fix, deletedConnections: fix.deletedConnections + removed };
    }
  }
}

function deleteConnections(namespace: NamespaceName, filter: ConnectionFilter): number {
  const { deleted } = carryOut({ namespace, filter: flowFilterOf(filter), task: { kind: "delete" } });
  return deleted?.removed ?? 0;
}

/** Limits of the whole host are seen, but not set, in other namespaces. */
function scopeOf(namespace: NamespaceName, name: string): ChangedSysctl["scope"] {
  if (namespace === undefined || isSysctlWritable(namespace, name)) return "namespace";
  if (isSysctlWritable(undefined, name)) return "host";
  throw new RemedyError(
    "fix-refused",
    `sysctl ${name} cannot be set from here`,
    "run as root of the host, outside of any container",
  );
}

function takeBack(namespace: NamespaceName, fix: CarriedOut): Pick<Undone, "done" | "left"> {
  const [done, left]: [string[], string[]] = [[], []];
  for (const { name, scope, old, set } of fix.sysctls.toReversed()) {
    const where = scope === "host" ? undefined : namespace;
    const now = readSysctl(where, name);
    if (now === undefined) left.push(`${name} is not there any more`);
    else if (set !== undefined && now !== set) left.push(`${name} is ${now} now: somebody else has set it since`);
    else {
      writeSysctl(where, name, old);
      done.push(`${name} is ${old} again (was ${now})`);
    }
  }
  if (fix.clampsSegmentSize) {
    leaveSegmentSize(namespace);
    done.push("segment sizes are not clamped any more");
  }
  if (fix.deletedConnections > 0) {
    left.push(`${fix.deletedConnections} connections that were deleted: those in use have been made anew`);
  }
  return { done, left };
}
