import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { bpfFilesystem, findBpfFilesystem } from "../kernel/bpf/filesystem.ts";
import { isOrphaned, listPinned, removePinned } from "../kernel/bpf/pin.ts";
import { readNamespaceIdentity } from "../kernel/namespace-identity.ts";
import type { NamespaceName } from "../kernel/namespace.ts";

const FOLDER = "meganat";

/** Makes the folder of the eBPF file system in which the namespace's fast path is kept. */
export function makePinDirectory(namespace: NamespaceName): string {
  const directory = join(bpfFilesystem(), FOLDER, folderName(namespace));
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** That folder, if there is an eBPF file system; there may be nothing in it. */
export function pinDirectory(namespace: NamespaceName): string | undefined {
  const root = findBpfFilesystem();
  return root === undefined ? undefined : join(root, FOLDER, folderName(namespace));
}

/** The name of an attachment: the file system allows no dots, which interfaces may have. */
export function linkName(kind: "xdp" | "ingress" | "egress", index: number): string {
  return `link-${kind}-${index}`;
}

/** Gives back the memory of fast paths whose namespace, and with it every interface, is gone; says how many those were. */
export function reapOrphans(): number {
  const root = findBpfFilesystem();
  if (root === undefined) return 0;
  const folders = listPinned(join(root, FOLDER)).map((name) => join(root, FOLDER, name));
  const orphans = folders.filter((folder) => {
    const links = listPinned(folder).filter((name) => name.startsWith("link-"));
    return links.length > 0 && links.every((name) => isOrphaned(join(folder, name)));
  });
  for (const folder of orphans) removePinned(folder);
  return orphans.length;
}

/** Of its identity, which no other namespace has until the next boot. */
function folderName(namespace: NamespaceName): string {
  return readNamespaceIdentity(namespace).namespace.replace(/[^0-9a-z]/g, "-");
}
