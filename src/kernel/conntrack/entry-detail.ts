import {
  CTA_PROTOINFO,
  CTA_PROTOINFO_DCCP,
  CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ,
  CTA_PROTOINFO_DCCP_ROLE,
  CTA_PROTOINFO_SCTP,
  CTA_PROTOINFO_SCTP_VTAG_ORIGINAL,
  CTA_PROTOINFO_SCTP_VTAG_REPLY,
  CTA_PROTOINFO_TCP,
  CTA_PROTOINFO_TCP_FLAGS_ORIGINAL,
  CTA_PROTOINFO_TCP_FLAGS_REPLY,
  CTA_PROTOINFO_TCP_WSCALE_ORIGINAL,
  CTA_PROTOINFO_TCP_WSCALE_REPLY,
  CTA_SEQ_ADJ_ORIG,
  CTA_SEQ_ADJ_REPLY,
  CTA_SEQADJ_CORRECTION_POS,
  CTA_SEQADJ_OFFSET_AFTER,
  CTA_SEQADJ_OFFSET_BEFORE,
  CTA_SYNPROXY,
  CTA_SYNPROXY_ISN,
  CTA_SYNPROXY_ITS,
  CTA_SYNPROXY_TSOFF,
  CTA_TIMESTAMP_EVENT,
} from "./attributes.ts";
import type { ConnectionEntry } from "./entry.ts";

/** A field of a nested attribute: its type, name, and bytes. */
type Field = readonly [type: number, name: string, bytes: 1 | 4 | 8];

const TCP: readonly Field[] = [
  [CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, "windowScaleOriginal", 1],
  [CTA_PROTOINFO_TCP_WSCALE_REPLY, "windowScaleReply", 1],
  // struct nf_ct_tcp_flags: the flags, then their mask.
  [CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, "flagsOriginal", 1],
  [CTA_PROTOINFO_TCP_FLAGS_REPLY, "flagsReply", 1],
];
const SCTP: readonly Field[] = [
  [CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, "verificationTagOriginal", 4],
  [CTA_PROTOINFO_SCTP_VTAG_REPLY, "verificationTagReply", 4],
];
const DCCP: readonly Field[] = [
  [CTA_PROTOINFO_DCCP_ROLE, "role", 1],
  [CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ, "handshakeSequence", 8],
];
const SEQUENCE: readonly Field[] = [
  [CTA_SEQADJ_CORRECTION_POS, "position", 4],
  [CTA_SEQADJ_OFFSET_BEFORE, "offsetBefore", 4],
  [CTA_SEQADJ_OFFSET_AFTER, "offsetAfter", 4],
];
const SYNPROXY: readonly Field[] = [
  [CTA_SYNPROXY_ISN, "initialSequence", 4],
  [CTA_SYNPROXY_ITS, "initialTimestamp", 4],
  [CTA_SYNPROXY_TSOFF, "timestampOffset", 4],
];

/** What else the kernel said of an entry: numbers by name, 64-bit ones as texts. */
export type EntryDetail = Readonly<Record<string, Readonly<Record<string, number | string>> | string>>;

/** The details of an entry that only few look at, as objects: TCP, SCTP and DCCP, sequence adjustment, SYN proxy. */
export function protocolDetail(entry: ConnectionEntry): EntryDetail {
  const found: Record<string, Readonly<Record<string, number | string>> | string> = {};
  const put = (name: string, start: number, end: number, fields: readonly Field[]): void => {
    const values = readFields(entry, start, end, fields);
    if (Object.keys(values).length > 0) found[name] = values;
  };
  if (entry.has(CTA_PROTOINFO)) {
    for (const [name, type, fields] of [
      ["tcp", CTA_PROTOINFO_TCP, TCP],
      ["sctp", CTA_PROTOINFO_SCTP, SCTP],
      ["dccp", CTA_PROTOINFO_DCCP, DCCP],
    ] as const) {
      const at = entry.nested(CTA_PROTOINFO, type, 0);
      if (at !== 0) put(name, at, entry.nestedEnd, fields);
    }
  }
  for (const [name, type, fields] of [
    ["sequenceAdjustOriginal", CTA_SEQ_ADJ_ORIG, SEQUENCE],
    ["sequenceAdjustReply", CTA_SEQ_ADJ_REPLY, SEQUENCE],
    ["synproxy", CTA_SYNPROXY, SYNPROXY],
  ] as const) {
    if (entry.has(type)) put(name, entry.at(type), entry.end(type), fields);
  }
  if (entry.has(CTA_TIMESTAMP_EVENT)) found["event"] = entry.buffer.bigU64(entry.at(CTA_TIMESTAMP_EVENT)).toString();
  return found;
}

function readFields(
  entry: ConnectionEntry,
  start: number,
  end: number,
  fields: readonly Field[],
): Record<string, number | string> {
  const values: Record<string, number | string> = {};
  for (const [type, name, bytes] of fields) {
    const at = entry.find(start, end, type, bytes);
    if (at === 0) continue;
    const { buffer } = entry;
    if (bytes === 8) values[name] = buffer.bigU64(at).toString();
    else values[name] = bytes === 4 ? buffer.u32(at) : (buffer.bytes[at] ?? 0);
  }
  return values;
}
