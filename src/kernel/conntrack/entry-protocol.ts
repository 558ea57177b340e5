import {
  CTA_PROTOINFO,
  CTA_PROTOINFO_DCCP,
  CTA_PROTOINFO_DCCP_STATE,
  CTA_PROTOINFO_SCTP,
  CTA_PROTOINFO_SCTP_STATE,
  CTA_PROTOINFO_TCP,
  CTA_PROTOINFO_TCP_STATE,
} from "./attributes.ts";
import { TCP_STATES } from "./connection.ts";
import type { ConnectionEntry } from "./entry.ts";

/** States of SCTP by number, as conntrack(8) prints them. */
export const SCTP_STATES = [
  "NONE",
  "CLOSED",
  "COOKIE_WAIT",
  "COOKIE_ECHOED",
  "ESTABLISHED",
  "SHUTDOWN_SENT",
  "SHUTDOWN_RECD",
  "SHUTDOWN_ACK_SENT",
  "HEARTBEAT_SENT",
  "HEARTBEAT_ACKED",
] as const;

/** States of DCCP by number; kernels since 6.17 do not track it any more. */
export const DCCP_STATES = [
  "NONE",
  "REQUEST",
  "RESPOND",
  "PARTOPEN",
  "OPEN",
  "CLOSEREQ",
  "CLOSING",
  "TIMEWAIT",
  "IGNORE",
  "INVALID",
] as const;

/** All states: those of TCP come first, then SCTP's and DCCP's; what `protocolState` gives indexes them. */
export const PROTOCOL_STATES: readonly string[] = [...TCP_STATES, ...SCTP_STATES, ...DCCP_STATES];

const SCTP_FIRST = TCP_STATES.length;
const DCCP_FIRST = SCTP_FIRST + SCTP_STATES.length;

/** The entry's state as an index of `PROTOCOL_STATES`, -1 for protocols without. Numbers not known here count as NONE. */
export function protocolState(entry: ConnectionEntry): number {
  if (!entry.has(CTA_PROTOINFO)) return -1;
  const at = entry.at(CTA_PROTOINFO);
  const end = entry.end(CTA_PROTOINFO);
  let state = stateIn(entry, at, end, CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE);
  if (state >= 0) return state < TCP_STATES.length ? state : 0;
  state = stateIn(entry, at, end, CTA_PROTOINFO_SCTP, CTA_PROTOINFO_SCTP_STATE);
  if (state >= 0) return SCTP_FIRST + (state < SCTP_STATES.length ? state : 0);
  state = stateIn(entry, at, end, CTA_PROTOINFO_DCCP, CTA_PROTOINFO_DCCP_STATE);
  return state < 0 ? -1 : DCCP_FIRST + (state < DCCP_STATES.length ? state : 0);
}

function stateIn(entry: ConnectionEntry, start: number, end: number, protocol: number, type: number): number {
  const info = entry.find(start, end, protocol, 0);
  if (info === 0) return -1;
  const at = entry.find(info, entry.nestedEnd, type, 1);
  return at === 0 ? -1 : (entry.buffer.bytes[at] ?? -1);
}
