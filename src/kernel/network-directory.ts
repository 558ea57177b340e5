import { closeSync, fstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { kernelErrorFromNode } from "./ffi/errno.ts";
import { listNamespaces, openNamespace, type NamespaceName } from "./namespace.ts";

/** A network namespace found by its number. */
export interface NetworkPlace {
  /** What people know it by: its name, `this one`, `process 812 (nginx)`, or its number. */
  readonly label: string;
  /** For calls that want a namespace by name. */
  readonly known: { readonly name: NamespaceName } | undefined;
  /** A process in it. */
  readonly process: number | undefined;
}

/** A file below /proc/net as a process sees it, in whatever namespace it is. Throws `kernel-not-found`. */
export function readProcessNetFile(process: number, name: string): string {
  try {
    return readFileSync(`/proc/${process}/net/${name}`, "utf8");
  } catch (error) {
    throw kernelErrorFromNode(`read /proc/${process}/net/${name}`, error);
  }
}

/** Names of interfaces by their number, from the text of /proc/net/igmp, which lists those with IPv4. */
export function parseInterfaceNumbers(igmp: string): Map<number, string> {
  const lines = igmp.matchAll(/^(\d+)\s+(\S+?)\s*:/gm);
  return new Map(Array.from(lines, ([, index, name = ""]) => [Number(index), name]));
}

/** The number of the namespace: the inode of its file, as eBPF programs see it too. Throws `kernel-not-found`. */
export function namespaceInode(name: NamespaceName): number {
  const file = openNamespace(name);
  try {
    return fstatSync(file).ino;
  } finally {
    closeSync(file);
  }
}

/** Finds network namespaces by their number, among those with a name and those of processes; remembers what it found. */
export class NetworkDirectory {
  readonly #places = new Map<number, NetworkPlace>();

  /** The numbers of all namespaces with a name, and of the one the process is in. */
  known(): number[] {
    this.#readNames();
    return [...this.#places].filter(([, place]) => place.known !== undefined).map(([inode]) => inode);
  }

  find(inode: number): NetworkPlace {
    const known = this.#places.get(inode);
    if (known !== undefined) return known;
    this.#readNames();
    const place = this.#places.get(inode) ?? findProcess(inode);
    if (place === undefined)
      return { label: inode === 0 ? "-" : `net:[${inode}]`, known: undefined, process: undefined };
    this.#places.set(inode, place);
    return place;
  }

  #readNames(): void {
    // Two names may lead to one namespace; its own, the last word, counts.
    for (const name of listNamespaces()) this.#note(name, name);
    this.#note(undefined, "this one");
  }

  #note(name: NamespaceName, label: string): void {
    try {
      this.#places.set(namespaceInode(name), { label, known: { name }, process: undefined });
    } catch {
      // Gone since it was listed.
    }
  }
}

function findProcess(inode: number): NetworkPlace | undefined {
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (statSync(`/proc/${entry}/ns/net`).ino !== inode) continue;
      const program = readFileSync(`/proc/${entry}/comm`, "utf8").trim();
      return { label: `process ${entry} (${program})`, known: undefined, process: Number(entry) };
    } catch {
      // It has ended, or is not ours to look at.
    }
  }
  return undefined;
}
