import type { NamespaceName } from "../kernel/namespace.ts";
import { readSysctl, writeSysctl } from "../kernel/sysctl.ts";

/** A setting of connection tracking, and how it must be while the kernel sees only some packets of a connection. */
interface ConntrackSetting {
  readonly name: string;
  /** The value from the one there was and that of the established timeout; undefined leaves it. */
  readonly while: (old: string, established: string) => string | undefined;
  /** Left when the fast path is turned off. */
  readonly stays?: true;
}

const PREFIX = "net.netfilter.nf_conntrack_";
const ESTABLISHED = `${PREFIX}tcp_timeout_established`;

/**
 * Without them a connection would come to harm for what the kernel did not see: its window moves on (be_liberal), the
 * answer to its last data passed by (unacknowledged would end it after five minutes), one packet in a thousand looks
 * like the same one sent again (max_retrans).
 */
const SETTINGS: readonly ConntrackSetting[] = [
  // The kernel never catches up with a window that moved on without it: connections that lived through the fast path
  // would be invalid from the moment it is off, and leave untranslated.
  { name: `${PREFIX}tcp_be_liberal`, while: () => "1", stays: true },
  { name: `${PREFIX}tcp_timeout_unacknowledged`, while: longer },
  { name: `${PREFIX}tcp_timeout_max_retrans`, while: longer },
];

/** A setting that was changed, for putting it back. */
export interface ChangedSetting {
  readonly name: string;
  readonly old: string;
  readonly set: string;
}

function longer(old: string, established: string): string | undefined {
  return Number(old) < Number(established) ? established : undefined;
}

/** What turning the fast path on must change here. */
export function neededSettings(namespace: NamespaceName): ChangedSetting[] {
  const established = readSysctl(namespace, ESTABLISHED);
  if (established === undefined) return [];
  return SETTINGS.flatMap(({ name, while: wanted }) => {
    const old = readSysctl(namespace, name);
    const set = old === undefined ? undefined : wanted(old, established);
    return old === undefined || set === undefined || set === old ? [] : [{ name, old, set }];
  });
}

/** Carries the changes out. */
export function makeSettings(namespace: NamespaceName, changes: readonly ChangedSetting[]): void {
  for (const { name, set } of changes) writeSysctl(namespace, name, set);
}

/** Puts back what must not stay and still is as we set it: what somebody else has changed since is his. */
export function restoreSettings(namespace: NamespaceName, changes: readonly ChangedSetting[]): void {
  for (const { name, old, set } of changes) {
    if (SETTINGS.some((setting) => setting.name === name && setting.stays === true)) continue;
    if (readSysctl(namespace, name) === set) writeSysctl(namespace, name, old);
  }
}
