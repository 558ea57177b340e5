import { cpus, release, totalmem } from "node:os";
import { isHostNamespace, type NamespaceName } from "../kernel/namespace.ts";
import { listInterfaceNames } from "../kernel/interface-names.ts";
import { readSysctls } from "../kernel/sysctl.ts";
import type { HostFacts } from "../plan/host-facts.ts";
import { readBootHashSize } from "../kernel/conntrack/boot-hash-size.ts";
import { plannedSysctls } from "../plan/planned-sysctls.ts";
import { bootBuckets } from "./boot-buckets.ts";
import { NOTHING_OWNED, type Owned } from "./record.ts";
import { surroundingsOf } from "./surroundings.ts";
import { readOwnedAtMost } from "./situation.ts";

/** How to see the host. */
export interface HostFactsOptions {
  /** Where records are kept, in place of /run/meganat. */
  readonly directory?: string | undefined;
  /**
   * Which values of the sysctls that apply changed: `untouched` (default), those from before the first apply, so that
   * a plan made from them asks for the same settings every time; `now`, those at this moment, for people.
   */
  readonly values?: "untouched" | "now";
}

/** A host of containers has thousands of interfaces, with sysctls each; a gateway's own links are few. */
const MOST_INTERFACES = 64;

/** Reads what the planner must know of the host, or of the namespace. */
export function readHostFacts(namespace: NamespaceName, options: HostFactsOptions = {}): HostFacts {
  const interfaces = listInterfaceNames(namespace);
  const sysctls: Record<string, string> = {};
  const writable = new Set<string>();
  for (const reading of readSysctls(namespace, plannedSysctls(interfaces.slice(0, MOST_INTERFACES)))) {
    sysctls[reading.name] = reading.value;
    if (reading.writable) writable.add(reading.name);
  }
  const owned = readOwned(namespace, options.directory);
  if (options.values !== "now") Object.assign(sysctls, untouchedValues(owned, sysctls));
  const memoryBytes = totalmem();
  const bysourceBuckets = bootBuckets(
    memoryBytes,
    sysctls["net.netfilter.nf_conntrack_buckets"],
    owned.sysctls.find(({ name }) => name === "net.netfilter.nf_conntrack_buckets")?.old,
    readBootHashSize(),
  );
  return {
    kernelRelease: release(),
    memoryBytes,
    cpus: cpus().length,
    interfaces,
    sysctls,
    writable,
    ...(bysourceBuckets === undefined ? {} : { bysourceBuckets }),
    isHostNamespace: isHostNamespace(namespace),
  };
}

function readOwned(namespace: NamespaceName, directory: string | undefined): Owned {
  const { live, store } = surroundingsOf({ namespace, directory });
  try {
    return readOwnedAtMost(live, store);
  } catch {
    // Not readable by this user: then nothing is known of it, and looking is all this user can do anyway.
    return NOTHING_OWNED;
  }
}

/** The values from before the first apply, of those still there. */
function untouchedValues(owned: Owned, now: Readonly<Record<string, string>>): Record<string, string> {
  const old: Record<string, string> = {};
  for (const own of owned.sysctls) {
    if (now[own.name] !== undefined) old[own.name] = own.old;
  }
  return old;
}
