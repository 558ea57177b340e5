import { randomBytes } from "node:crypto";
import { arch, constants as os } from "node:os";
import { possibleCpus } from "../kernel/bpf/map.ts";
import { BpfObject, objectPath } from "../kernel/bpf/object.ts";
import { createArrayMap, type BpfMap } from "../kernel/bpf/map.ts";
import { KernelError } from "../kernel/error.ts";
import type { Descriptor } from "../kernel/ffi/descriptor.ts";
import { hasKernelFunction, readKernelTypes } from "../kernel/btf.ts";
import { inNamespace, type NamespaceName } from "../kernel/namespace.ts";
import { HOST_LITTLE_ENDIAN } from "../kernel/netlink/header.ts";
import { listLinks } from "../kernel/route/link.ts";
import { deviceSlot } from "./device-slots.ts";
import { newAccount } from "./fates.ts";
import type { MemorySize } from "./memory-size.ts";
import type { FastDevice } from "./record.ts";
import { settingsBytes } from "./settings.ts";

/** enum path in bpf/fastpath/settings.h. */
const TAKES = { xdp: 1, tc: 2 } as const;

/** struct shelf4 and shelf6 in bpf/fastpath/shelf.h: a cache line, and sets of two places. */
const SHELF4_BYTES = 64 + 253 * 128;
const SHELF6_BYTES = 64 + 126 * 256;

/**
 * Loads the programs, and tells them of the interfaces. With `shares` they count what they forward of so many directions
 * of connections. Throws what BpfObject.load does.
 */
export function loadPrograms(
  namespace: NamespaceName,
  devices: readonly FastDevice[],
  deviceFactor: number,
  size: MemorySize,
  shares = 0,
): BpfObject {
  const constants = settingsBytes({
    seed: randomBytes(8).readBigUInt64LE(),
    size,
    deviceFactor,
    // Of the processors Node.js runs on, only x86 shows writes to others in their order.
    weakOrder: arch() !== "x64",
    countsShares: shares > 0,
  });
  const sizes = { shelves4: size.shelves4, shelves6: size.shelves6, shares: Math.max(1, shares) };
  const name = hasKernelFunction(readKernelTypes(), "bpf_rdonly_cast") ? "fastpath" : "fastpath-probed";
  const object = BpfObject.load(objectPath(name), sizes, constants);
  try {
    tellDevices(object, namespace, devices, deviceFactor);
    fillShelves(object.map("shelves4"), SHELF4_BYTES, size.shelves4);
    fillShelves(object.map("shelves6"), SHELF6_BYTES, size.shelves6);
  } catch (error) {
    object.close();
    throw error;
  }
  return object;
}

/** As many shelves as are put up at once, if the process may have so many files open: each is one until then. */
const SHELVES_AT_ONCE = 4096;

/**
 * Each shelf is a map of its own; the map of maps keeps them. Many at once: the kernel waits after each change of a map
 * of maps until all programs that may be running have ended, which takes up to a second.
 */
function fillShelves(shelves: BpfMap, bytes: number, count: number): void {
  for (let filled = 0; filled < count;) {
    const made: Descriptor[] = [];
    try {
      makeShelves(made, bytes, Math.min(SHELVES_AT_ONCE, count - filled));
      shelves.updateRange(filled, words(...made.map(({ fd }) => fd)));
      filled += made.length;
    } finally {
      for (const shelf of made) shelf.close();
    }
  }
}

/** Makes so many, or as many as the process may have open. */
function makeShelves(made: Descriptor[], bytes: number, count: number): void {
  try {
    while (made.length < count) made.push(createArrayMap("shelf", bytes, 1));
  } catch (error) {
    if (made.length === 0 || !(error instanceof KernelError) || error.errno !== os.errno.EMFILE) throw error;
    // What is opened meanwhile needs some, too.
    for (const shelf of made.splice(Math.ceil(made.length / 2))) shelf.close();
  }
}

function tellDevices(
  object: BpfObject,
  namespace: NamespaceName,
  devices: readonly FastDevice[],
  factor: number,
): void {
  const known = object.map("devices");
  const redirection = object.map("xdp_devices");
  const accounts = object.map("accounts");
  const links = listLinks(namespace);
  for (const { index, path } of devices) {
    const slot = deviceSlot(index, factor);
    const account = newAccount(links.find((link) => link.index === index)?.mac ?? "");
    accounts.updateAt(slot, Buffer.concat(new Array<Uint8Array>(possibleCpus()).fill(account)));
    known.updateAt(slot, words(index, TAKES[path]));
    // The kernel takes the index for one of the namespace the call is made in.
    if (path === "xdp") inNamespace(namespace, () => redirection.updateAt(slot, words(index)));
  }
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, at) => bytes.setUint32(at * 4, value, HOST_LITTLE_ENDIAN));
  return new Uint8Array(bytes.buffer);
}
