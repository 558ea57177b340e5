import type { DroppedHeader, DropsSignal } from "../../diagnose/signals.ts";
import type { DropReport, NamedPacket } from "../drops/watch.ts";

/** What a watch of dropped packets reports, as the doctor wants it. */
export function dropsSignal({ rows, unattributed, samples }: DropReport): DropsSignal {
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
    headers: samples.map(headerOf),
  };
}

function headerOf({ cause, reason, location, interface: name, length, tuple, checksum }: NamedPacket): DroppedHeader {
  const { protocol, source, sourcePort, destination, destinationPort } = tuple ?? {};
  return {
    cause,
    reason,
    location,
    interface: name,
    length,
    ...(protocol === undefined ? {} : { protocol }),
    ...(source === undefined ? {} : { source }),
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destination === undefined ? {} : { destination }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ...(checksum === undefined ? {} : { checksum }),
  };
}
