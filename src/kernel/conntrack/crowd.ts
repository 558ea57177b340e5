import { readdirSync, readFileSync, statSync } from "node:fs";
import { KernelError } from "../error.ts";
import { inNamespaceOf, listNamespaces } from "../namespace.ts";
import { namespaceInode } from "../network-directory.ts";
import { readSysctl } from "../sysctl.ts";

/** How many connections a network namespace tracks. */
export interface NamespaceCrowd {
  /** The namespace's number. */
  readonly inode: number;
  /** Its name, `the host`, or `process 812 (nginx)` for one without a name. */
  readonly label: string;
  readonly count: number;
}

const COUNT = "net.netfilter.nf_conntrack_count";

/**
 * Connections tracked in each network namespace of the machine that this process may enter, containers included. The
 * limit is one number for all of them, and each is compared with it by itself.
 */
export function countByNamespace(): NamespaceCrowd[] {
  const crowds = new Map<number, NamespaceCrowd>();
  const note = (inode: number, label: string, read: () => number): void => {
    if (!crowds.has(inode)) crowds.set(inode, { inode, label, count: read() });
  };
  const own = namespaceInode(undefined);
  for (const name of listNamespaces()) {
    ifThere(() => note(namespaceInode(name), name, () => Number(readSysctl(name, COUNT) ?? 0)));
  }
  for (const process of processes()) {
    ifThere(() => {
      const { ino } = statSync(`/proc/${process}/ns/net`);
      if (crowds.has(ino)) return;
      const program = readFileSync(`/proc/${process}/comm`, "utf8").trim();
      const label = ino === own ? "the host" : `process ${process} (${program})`;
      note(ino, label, () => inNamespaceOf(process, () => Number(readSysctl(undefined, COUNT) ?? 0)));
    });
  }
  return [...crowds.values()];
}

function processes(): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** What has gone since it was listed, or is not ours to look at, is left out. */
function ifThere(run: () => void): void {
  try {
    run();
  } catch (error) {
    const isNodeError = error instanceof Error && "syscall" in error;
    if (!(error instanceof KernelError) && !isNodeError) throw error;
  }
}
