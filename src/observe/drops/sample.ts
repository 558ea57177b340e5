import type { Connection } from "../../kernel/conntrack/connection.ts";
import type { Tuple } from "../../kernel/conntrack/tuple.ts";
import type { DropSample } from "../../kernel/drops/record.ts";
import { classify, type Verdict } from "./classify.ts";
import type { DropNames } from "./interval.ts";
import { headerFields, type HeaderFields } from "./header-fields.ts";
import { reversed, tupleOf } from "./packet.ts";
import { transportChecksum, type ChecksumState } from "./transport-checksum.ts";

const ETH_P_IP = 0x0800;

/** The header of one dropped packet, read. */
export interface DroppedPacket {
  readonly reason: string;
  readonly location: string;
  readonly cause: Verdict;
  readonly interface: number;
  readonly namespace: number;
  readonly length: number;
  /** Seconds since boot, without time asleep. */
  readonly time: number;
  /** As the packet was when it died; undefined if it is no IP packet. */
  readonly tuple?: Tuple;
  /** Of the IPv4 header and what follows it. */
  readonly fields?: HeaderFields;
  /** Of its transport checksum, where all of a packet was sampled. */
  readonly checksum?: ChecksumState;
  /** Of the connection it belonged to: without and with translation, in the packet's direction. */
  readonly translation?: { readonly before: Tuple; readonly after: Tuple };
}

/** Reads a sample; `lookup` asks for the connection a tuple belongs to. */
export function readSample(
  sample: DropSample,
  names: DropNames,
  lookup: (namespace: number, tuple: Tuple) => Connection | undefined,
): DroppedPacket {
  const reason = names.reason(sample.reason);
  const location = names.location(sample.location);
  const tuple = tupleOf(sample.protocol, sample.bytes);
  const fields = sample.protocol === ETH_P_IP ? headerFields(sample.bytes) : undefined;
  const checksum = transportChecksum(sample.bytes, sample.length);
  const translation =
    tuple === undefined ? undefined : translationOf(tuple, (asked) => lookup(sample.namespace, asked));
  return {
    reason,
    location: location ?? `0x${sample.location.toString(16)}`,
    cause: classify(reason, location),
    interface: sample.interface,
    namespace: sample.namespace,
    length: sample.length,
    time: Number(sample.time) / 1e9,
    ...(fields === undefined ? {} : { fields }),
    ...(tuple === undefined ? {} : { tuple }),
    ...(checksum === undefined ? {} : { checksum }),
    ...(translation === undefined ? {} : { translation }),
  };
}

/**
 * A packet that was not yet translated is in the table as it is. One that was is there the other way round only: as
 * the answer to it.
 */
function translationOf(
  tuple: Tuple,
  lookup: (tuple: Tuple) => Connection | undefined,
): { before: Tuple; after: Tuple } | undefined {
  const connection = lookup(tuple) ?? lookup(reversed(tuple));
  if (connection === undefined) return undefined;
  const { original, reply } = connection;
  const forward = isSame(tuple, original) || isSame(reversed(tuple), reply);
  return forward ? { before: original, after: reversed(reply) } : { before: reply, after: reversed(original) };
}

function isSame(a: Tuple, b: Tuple): boolean {
  return (
    a.source === b.source &&
    a.destination === b.destination &&
    a.protocol === b.protocol &&
    a.sourcePort === b.sourcePort &&
    a.destinationPort === b.destinationPort
  );
}
