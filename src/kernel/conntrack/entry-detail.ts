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
} from "./attributes.ts";

/** A field of a nested attribute: its type, name, and bytes. */
export type Field = readonly [type: number, name: string, bytes: 1 | 4 | 8];

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

/** Fields in a nested attribute; `inner` is the one inside `outer` that has them, 0 if `outer` has them itself. */
export interface DetailGroup {
  readonly name: string;
  readonly outer: number;
  readonly inner: number;
  readonly fields: readonly Field[];
}

/** Where to find what few look at: TCP, SCTP and DCCP, sequence adjustment, SYN proxy. */
export const DETAIL_GROUPS: readonly DetailGroup[] = [
  { name: "tcp", outer: CTA_PROTOINFO, inner: CTA_PROTOINFO_TCP, fields: TCP },
  { name: "sctp", outer: CTA_PROTOINFO, inner: CTA_PROTOINFO_SCTP, fields: SCTP },
  { name: "dccp", outer: CTA_PROTOINFO, inner: CTA_PROTOINFO_DCCP, fields: DCCP },
  { name: "sequenceAdjustOriginal", outer: CTA_SEQ_ADJ_ORIG, inner: 0, fields: SEQUENCE },
  { name: "sequenceAdjustReply", outer: CTA_SEQ_ADJ_REPLY, inner: 0, fields: SEQUENCE },
  { name: "synproxy", outer: CTA_SYNPROXY, inner: 0, fields: SYNPROXY },
];
