import { readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { Descriptor } from "../ffi/descriptor.ts";
import { kernelErrorFromNode } from "../ffi/errno.ts";
import { isKernelError } from "../error.ts";
import { checkBpf } from "./error.ts";
import { readLinkInterface, readLinkProgram } from "./link-info.ts";
import { libbpf } from "./libbpf.ts";
import { BpfMap } from "./map.ts";
import { BpfProgram } from "./program.ts";

/** Gives a program, map or attachment a name in the eBPF file system: it then lasts until the name is removed. */
export function pin(fd: number, path: string): void {
  checkBpf(libbpf().bpf_obj_pin(fd, path), `keep it as ${path}`);
}

/** Opens what has a name in the eBPF file system. Throws `kernel-not-found`. */
export function openPinned(path: string): Descriptor {
  return new Descriptor(checkBpf(libbpf().bpf_obj_get(path), `open ${path}`));
}

/** Opens a map by its name in the eBPF file system; `close` gives it back, and the map lives on. */
export function openPinnedMap(path: string): { readonly map: BpfMap; close(): void } {
  const descriptor = openPinned(path);
  return { map: BpfMap.of(descriptor.fd), close: () => descriptor.close() };
}

/** The kernel's number of an attachment's program, by the attachment's name in the eBPF file system. */
export function readPinnedLinkProgram(path: string): number {
  const link = openPinned(path);
  try {
    return readLinkProgram(link.fd);
  } finally {
    link.close();
  }
}

/** Opens the program of an attachment by the attachment's name in the eBPF file system. Throws `kernel-not-found`. */
export function openPinnedLinkProgram(path: string): { readonly program: BpfProgram; close(): void } {
  const id = readPinnedLinkProgram(path);
  const descriptor = new Descriptor(checkBpf(libbpf().bpf_prog_get_fd_by_id(id), `open program ${id} of ${path}`));
  return { program: new BpfProgram(basename(path), descriptor.fd), close: () => descriptor.close() };
}

/** The names in a folder of the eBPF file system; none if there is no such folder. */
export function listPinned(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    const failure = kernelErrorFromNode(`list ${directory}`, error);
    if (failure instanceof Error && "code" in failure && failure.code === "kernel-not-found") return [];
    throw failure;
  }
}

/** Removes a folder of the eBPF file system with what is in it; when it returns, what was attached is not any more. */
export function removePinned(directory: string): void {
  // Attachments first: programs go before the maps they use.
  for (const name of listPinned(directory).sort((a, b) => Number(isLink(b)) - Number(isLink(a)))) {
    const path = join(directory, name);
    // The last hold on an attachment must be a descriptor: of one that was only a name, the kernel takes the program off
    // a little later (bpf_link_put, by a work queue), and another one finds the place still taken.
    const held = isLink(name) ? openIfThere(path) : undefined;
    rmSync(path, { force: true });
    held?.close();
  }
  rmSync(directory, { recursive: true, force: true });
}

/**
 * Says whether an attachment kept under this name has lost its interface, which then was deleted. One whose name somebody
 * is just removing is not.
 */
export function isOrphaned(path: string): boolean {
  const descriptor = openIfThere(path);
  if (descriptor === undefined) return false;
  try {
    return readLinkInterface(descriptor.fd) === 0;
  } finally {
    descriptor.close();
  }
}

function openIfThere(path: string): Descriptor | undefined {
  try {
    return openPinned(path);
  } catch (error) {
    if (isKernelError(error, "kernel-not-found")) return undefined;
    throw error;
  }
}

function isLink(name: string): boolean {
  return name.startsWith("link-");
}
