import type { DroppedHeader, DropsSignal } from "../../diagnose/signals.ts";
import type { DropReport, NamedPacket } from "../drops/watch.ts";

/** What a watch of dropped packets reports, as the doctor wants it. */
export function dropsSignal({ rows, unattributed, samples }: DropReport): DropsSignal {
  const last = Math.max(...samples.map(({ time }) => time));
  return {
    rows: rows.map(({ packets, cause, reason, location, protocol, interface: name }) => ({
      packets,
      cause,
      reason,
      location,
      protocol,
      interface: name,
    })),
    unattributed,
    headers: samples.map((sample) => headerOf(sample, last)),
  };
}

function headerOf(packet: NamedPacket, last: number): DroppedHeader {
  const { cause, reason, location, interface: name, length, time, tuple, fields, translation, checksum } = packet;
  const { protocol, source, sourcePort, destination, destinationPort } = tuple ?? {};
  return {
    cause,
    reason,
    location,
    interface: name,
    length,
    secondsAgo: last - time,
    ...(protocol === undefined ? {} : { protocol }),
    ...(source === undefined ? {} : { source }),
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destination === undefined ? {} : { destination }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ...fields,
    ...(translation === undefined ? {} : { translation }),
    ...(checksum === undefined ? {} : { checksum }),
  };
}
