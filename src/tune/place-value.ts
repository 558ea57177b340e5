import { parseCpuList } from "../kernel/card/cpu-set.ts";
import { CHANNELS, COALESCING, readEthtool, RINGS, writeEthtool } from "../kernel/card/ethtool-netlink.ts";
import { readFeatures, writeFeature } from "../kernel/card/features.ts";
import { readIndirection, writeIndirection } from "../kernel/card/indirection.ts";
import { readAffinity, writeAffinity } from "../kernel/card/interrupts.ts";
import { readQueue, writeQueue } from "../kernel/card/queues.ts";
import { KernelError } from "../kernel/error.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { readSysctl, writeSysctl } from "../kernel/sysctl.ts";
import { formatCpus } from "../plan/cards/cpu-list.ts";
import { formatIndirection } from "../plan/cards/indirection.ts";
import type { Place } from "../plan/cards/proposal.ts";

/** The value that the place has now, as a `Change` writes it; undefined if the place is not there any more. */
export function readPlace(namespace: NamespaceName, place: Place): string | undefined {
  try {
    return readThere(namespace, place);
  } catch (error) {
    if (error instanceof KernelError && GONE.has(error.code)) return undefined;
    throw error;
  }
}

const GONE: ReadonlySet<string> = new Set(["kernel-not-found", "kernel-not-supported"]);

function readThere(namespace: NamespaceName, place: Place): string | undefined {
  switch (place.kind) {
    case "channels": {
      const found = readEthtool(namespace, place.device, CHANNELS);
      const parts = CHANNEL_KINDS.flatMap((kind) =>
        (found[`${kind}Max`] ?? 0) === 0 ? [] : [`${kind} ${found[kind]}`],
      );
      return parts.length === 0 ? undefined : parts.join(" ");
    }
    case "ring":
      return text(readEthtool(namespace, place.device, RINGS)[place.ring]);
    case "adaptive": {
      const value = readEthtool(namespace, place.device, COALESCING)[ADAPTIVE[place.direction]];
      return value === undefined ? undefined : onOff(value === 1);
    }
    case "indirection":
      return formatIndirection(readIndirection(namespace, place.device));
    case "feature": {
      const feature = readFeatures(namespace, place.device).get(place.feature);
      return feature === undefined ? undefined : onOff(feature.on);
    }
    case "rps":
    case "xps":
      return cpus(readQueue(namespace, place.device, place.kind, place.queue));
    case "irq":
      return cpus(readAffinity(place.irq));
    case "sysctl":
      return readSysctl(namespace, place.name);
  }
}

/** Gives the place the value. */
export function writePlace(namespace: NamespaceName, place: Place, value: string): void {
  switch (place.kind) {
    case "channels":
      writeEthtool(namespace, place.device, CHANNELS, parseChannels(value));
      return;
    case "ring":
      writeEthtool(namespace, place.device, RINGS, { [place.ring]: Number(value) });
      return;
    case "adaptive":
      writeEthtool(namespace, place.device, COALESCING, { [ADAPTIVE[place.direction]]: value === "on" ? 1 : 0 });
      return;
    case "indirection":
      writeTable(namespace, place.device, value);
      return;
    case "feature":
      writeFeature(namespace, place.device, place.feature, value === "on");
      return;
    case "rps":
    case "xps":
      writeQueue(namespace, place.device, place.kind, place.queue, parseCpuList(value === "none" ? "" : value));
      return;
    case "irq":
      writeAffinity(place.irq, value);
      return;
    case "sysctl":
      writeSysctl(namespace, place.name, value);
  }
}

/** The place in words: `rx ring of eth0`. */
export function placeWords(place: Place): string {
  switch (place.kind) {
    case "channels":
      return `queues of ${place.device}`;
    case "ring":
      return `${place.ring} ring of ${place.device}`;
    case "adaptive":
      return `adaptive ${place.direction} of ${place.device}`;
    case "indirection":
      return `indirection of ${place.device}`;
    case "feature":
      return `${place.feature} of ${place.device}`;
    case "rps":
    case "xps":
      return `${place.kind.toUpperCase()} of queue ${place.queue} of ${place.device}`;
    case "irq":
      return `interrupt ${place.irq}`;
    case "sysctl":
      return place.name;
  }
}

const ADAPTIVE = { rx: "adaptiveRx", tx: "adaptiveTx" } as const;
const CHANNEL_KINDS = ["combined", "rx", "tx"] as const;

function parseChannels(value: string): Partial<Record<keyof typeof CHANNELS.attributes, number>> {
  const words = value.split(" ");
  return Object.fromEntries(
    CHANNEL_KINDS.filter((kind) => words.includes(kind)).map((kind) => [kind, Number(words[words.indexOf(kind) + 1])]),
  );
}

/**
 * The driver's own table follows the number of queues later, one of ours is a fixed one: so the driver's is taken where
 * it says the same.
 */
function writeTable(namespace: NamespaceName, device: string, value: string): void {
  const [, even] = /^even (\d+)$/.exec(value) ?? [];
  if (even === undefined) {
    writeIndirection(namespace, device, value.split(",").map(Number));
    return;
  }
  writeIndirection(namespace, device, []);
  const table = readIndirection(namespace, device);
  if (formatIndirection(table) === value) return;
  writeIndirection(
    namespace,
    device,
    table.map((_, i) => i % Number(even)),
  );
}

function text(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function cpus(found: readonly number[] | undefined): string | undefined {
  return found === undefined ? undefined : formatCpus(found);
}

function onOff(on: boolean): string {
  return on ? "on" : "off";
}
