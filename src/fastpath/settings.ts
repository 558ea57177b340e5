import { HOST_LITTLE_ENDIAN } from "../kernel/netlink/header.ts";
import type { MemorySize } from "./memory-size.ts";

/** For how long what was learned serves, in seconds. */
export interface Periods {
  /** A busy connection goes to the kernel for a decision after this. */
  readonly fresh: number;
  /** Every connection does after this. */
  readonly longest: number;
  /** A UDP connection of the kernel that was deleted or changed is noticed within this; a TCP one at once. */
  readonly trusted: number;
  /** How often the programs decide how many connections are worth remembering. */
  readonly window: number;
}

/**
 * Half a second is what a person takes for at once when a rule or a route has changed. Thirty seconds for connections
 * with a packet a second or less: to ask for a million of those more often would cost a tenth of the gain.
 */
export const PERIODS: Periods = { fresh: 0.5, longest: 30, trusted: 0.75, window: 2 };

/** Of 16 connections, how many are remembered to begin with. */
const WHOLE_COVERAGE = 16;

/** struct settings in bpf/fastpath/settings.h, as the bytes it is in memory. */
export function settingsBytes(settings: {
  readonly seed: bigint;
  readonly size: MemorySize;
  readonly deviceFactor: number;
  readonly weakOrder: boolean;
  readonly countsShares: boolean;
}): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(32));
  bytes.setBigUint64(0, settings.seed, HOST_LITTLE_ENDIAN);
  bytes.setUint32(8, settings.size.shelves4, HOST_LITTLE_ENDIAN);
  bytes.setUint32(12, settings.size.shelves6, HOST_LITTLE_ENDIAN);
  bytes.setUint32(16, settings.deviceFactor, HOST_LITTLE_ENDIAN);
  bytes.setUint32(20, settings.weakOrder ? 1 : 0, HOST_LITTLE_ENDIAN);
  bytes.setUint32(24, settings.countsShares ? 1 : 0, HOST_LITTLE_ENDIAN);
  return new Uint8Array(bytes.buffer);
}

/** struct control in bpf/fastpath/settings.h. */
export interface Control {
  readonly epoch: number;
  /** Of 16 connections, how many are remembered. */
  readonly coverage: number;
}

/** The beginning: nothing learned, all connections covered. */
export function controlBytes(periods: Periods, ticksPerSecond: number): Uint8Array {
  const ticks = (seconds: number): number => Math.round(seconds * ticksPerSecond);
  const { fresh, longest, trusted, window } = periods;
  return new Uint8Array(
    Uint32Array.of(0, WHOLE_COVERAGE, ticks(fresh), ticks(longest), ticks(trusted), ticks(window), 0, 0).buffer,
  );
}

/** What of struct control changes while the programs run. */
export function readControl(bytes: Buffer): Control {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 2);
  return { epoch: words[0] ?? 0, coverage: words[1] ?? 0 };
}
