import { join } from "node:path";
import { isKernelError } from "../kernel/error.ts";
import { openPinnedMap } from "../kernel/bpf/pin.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { deviceSlot } from "./device-slots.ts";
import { sumAccount, type DeviceAccount } from "./fates.ts";
import { pinDirectory } from "./pins.ts";
import { exemptConnections } from "./exempt.ts";
import { readRecord, writeRecord, type FastDevice, type FastPathRecord } from "./record.ts";
import { readControl, type Control } from "./settings.ts";

/** An interface with the fast path, and what was counted at it. */
export interface DeviceStatus extends FastDevice, DeviceAccount {}

/** How the fast path stands. */
export interface FastPathStatus {
  /** False: half turned on or off, by a kill; turning it on or off again mends that. */
  readonly whole: boolean;
  /** ISO 8601. */
  readonly since: string;
  readonly devices: readonly DeviceStatus[];
  /** Places for connections, each for one direction. */
  readonly places: { readonly ipv4: number; readonly ipv6: number; readonly bytes: number };
  /** Whether what is forwarded is counted of each connection, as the kernel counts the rest (nf_conntrack_acct). */
  readonly countsConnections: boolean;
  /** The share of connections that are remembered: 1 unless that does not pay. */
  readonly coverage: number;
  /** Counted up by each `forgetConnections`. */
  readonly epoch: number;
  readonly settings: FastPathRecord["settings"];
  /** What stays with the kernel and what counts less, in sentences. */
  readonly notes: readonly string[];
}

/** What the fast path of the namespace counts; undefined if it is off. */
export function readFastPathStatus({ netns }: { readonly netns?: NamespaceName }): FastPathStatus | undefined {
  const record = readRecord(netns);
  const directory = pinDirectory(netns);
  if (record === undefined || directory === undefined) return undefined;
  const { since, size, shares = 0, settings, objections = [], notes } = record;
  const found = readMaps(record, directory);
  return {
    whole: found !== undefined,
    since,
    devices: found?.devices ?? [],
    places: { ipv4: size.places4, ipv6: size.places6, bytes: size.bytes },
    countsConnections: shares > 0,
    coverage: (found?.control.coverage ?? 0) / 16,
    epoch: found?.control.epoch ?? 0,
    settings,
    notes: [...objections, ...notes],
  };
}

function readMaps(
  { devices, deviceFactor }: FastPathRecord,
  directory: string,
): { devices: DeviceStatus[]; control: Control } | undefined {
  try {
    const control = withMap(join(directory, "control"), (map) => readControl(map.lookupAt(0) ?? Buffer.alloc(8)));
    return withMap(join(directory, "accounts"), (map) => ({
      control,
      devices: devices.map((device) => {
        const values = map.lookupAt(deviceSlot(device.index, deviceFactor)) ?? Buffer.alloc(0);
        return { ...device, ...sumAccount(values) };
      }),
    }));
  } catch (error) {
    if (isKernelError(error, "kernel-not-found")) return undefined;
    throw error;
  }
}

function withMap<T>(path: string, read: (map: ReturnType<typeof openPinnedMap>["map"]) => T): T {
  const opened = openPinnedMap(path);
  try {
    return read(opened.map);
  } finally {
    opened.close();
  }
}

/**
 * Looks at the rules again, and forgets every connection at once: the kernel decides anew on the next packet of each. For
 * changes of rules, routes or addresses that must not wait half a second. Says whether the fast path is on.
 */
export function forgetConnections({ netns }: { readonly netns?: NamespaceName }): boolean {
  const directory = pinDirectory(netns);
  const record = readRecord(netns);
  if (directory === undefined || record === undefined) return false;
  try {
    withMap(join(directory, "control"), (map) => {
      const notes = withMap(join(directory, "exemptions"), (exemptions) =>
        exemptConnections(
          { exemptions, control: map },
          netns,
          record.devices.map(({ name }) => name),
        ),
      );
      writeRecord(netns, { ...record, notes });
      const bytes = map.lookupAt(0);
      if (bytes === undefined) return;
      new Uint32Array(bytes.buffer, bytes.byteOffset, 1)[0] = readControl(bytes).epoch + 1;
      map.updateAt(0, bytes);
    });
    return true;
  } catch (error) {
    if (isKernelError(error, "kernel-not-found")) return false;
    throw error;
  }
}
