import { formatIpv4 } from "../../address/ipv4.ts";
import { AttributeCursor, type MessageCursor } from "../netlink/cursor.ts";
import { NFGENMSG, NFPROTO } from "../netlink/nfnetlink.ts";

/** NFNL_SUBSYS_NFTABLES, NFT_MSG_TRACE. */
const NFT_TRACE = (10 << 8) | 17;
const NFTA_TRACE_TABLE = 1;
const NFTA_TRACE_CHAIN = 2;
const NFTA_TRACE_RULE_HANDLE = 3;
const NFTA_TRACE_TYPE = 4;
const NFTA_TRACE_VERDICT = 5;
const NFTA_TRACE_ID = 6;
const NFTA_TRACE_NETWORK_HEADER = 8;
const NFTA_TRACE_TRANSPORT_HEADER = 9;
const NFTA_TRACE_IIF = 10;
const NFTA_TRACE_OIF = 12;
const NFTA_TRACE_MARK = 14;
const NFTA_TRACE_POLICY = 16;
const NFTA_VERDICT_CODE = 1;
const NFTA_VERDICT_CHAIN = 2;

const TYPES = ["unspecified", "policy", "return", "rule"] as const;
/** NF_* and NFT_*; the low byte, the rest of a queue verdict is the queue's number. */
const VERDICTS: ReadonlyMap<number, TraceVerdict> = new Map([
  [0, "drop"],
  [1, "accept"],
  [2, "stolen"],
  [3, "queue"],
  [4, "repeat"],
  [-1, "continue"],
  [-2, "break"],
  [-3, "jump"],
  [-4, "goto"],
  [-5, "return"],
]);
const FAMILIES: ReadonlyMap<number, string> = new Map(Object.entries(NFPROTO).map(([name, number]) => [number, name]));
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);

export type TraceVerdict =
  | "drop"
  | "accept"
  | "stolen"
  | "queue"
  | "repeat"
  | "continue"
  | "break"
  | "jump"
  | "goto"
  | "return";

/** The headers of a packet as it was at that moment. */
export interface TracedHeaders {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly ttl: number;
  /** Of the packet with its IP header. */
  readonly length: number;
  readonly tcpFlags?: readonly string[];
}

/** One step of a packet whose way is traced: a rule that matched, the end of a chain, a policy. */
export interface TraceEvent {
  /** The same for all steps of a packet; may come again for a later packet. */
  readonly id: number;
  readonly kind: (typeof TYPES)[number];
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** Of the rule. */
  readonly handle?: number;
  readonly verdict?: TraceVerdict;
  /** The chain that is jumped to. */
  readonly target?: string;
  /** Indexes of the interfaces. */
  readonly incoming?: number;
  readonly outgoing?: number;
  readonly mark?: number;
  /** Once in each base chain; IPv4 only. */
  readonly headers?: TracedHeaders;
}

/** Reads the message where `message` stands; undefined if it is no trace. */
export function decodeTraceEvent(message: MessageCursor, attributes: AttributeCursor): TraceEvent | undefined {
  if (message.type !== NFT_TRACE) return undefined;
  const found: { -readonly [Key in keyof TraceEvent]?: TraceEvent[Key] } = {};
  let policy: number | undefined;
  let [network, transport]: (Uint8Array | undefined)[] = [];
  attributes.inMessage(message, NFGENMSG);
  while (attributes.next()) {
    const { type } = attributes;
    if (type === NFTA_TRACE_ID) found.id = attributes.u32be();
    else if (type === NFTA_TRACE_TABLE) found.table = attributes.text();
    else if (type === NFTA_TRACE_CHAIN) found.chain = attributes.text();
    else if (type === NFTA_TRACE_RULE_HANDLE) found.handle = Number(attributes.u64be());
    else if (type === NFTA_TRACE_TYPE) found.kind = TYPES[attributes.u32be()] ?? "unspecified";
    else if (type === NFTA_TRACE_VERDICT) Object.assign(found, verdictIn(attributes));
    else if (type === NFTA_TRACE_IIF) found.incoming = attributes.u32be();
    else if (type === NFTA_TRACE_OIF) found.outgoing = attributes.u32be();
    else if (type === NFTA_TRACE_MARK) found.mark = attributes.u32be();
    else if (type === NFTA_TRACE_POLICY) policy = attributes.u32be();
    else if (type === NFTA_TRACE_NETWORK_HEADER) network = attributes.copy();
    else if (type === NFTA_TRACE_TRANSPORT_HEADER) transport = attributes.copy();
  }
  const { id, table, chain, kind } = found;
  if (id === undefined || table === undefined || chain === undefined || kind === undefined) return undefined;
  const verdict = found.verdict ?? (policy === undefined ? undefined : VERDICTS.get(policy));
  const headers = network === undefined ? undefined : headersOf(network, transport);
  return {
    ...found,
    id,
    table,
    chain,
    kind,
    family: FAMILIES.get(message.u8(0)) ?? "ip",
    ...(verdict === undefined ? {} : { verdict }),
    ...(headers === undefined ? {} : { headers }),
  };
}

function verdictIn(outer: AttributeCursor): Pick<TraceEvent, "verdict" | "target"> {
  const inner = new AttributeCursor(outer.bytes).inAttribute(outer);
  const found: { verdict?: TraceVerdict; target?: string } = {};
  while (inner.next()) {
    if (inner.type === NFTA_VERDICT_CODE) {
      const code = inner.u32be() | 0;
      const verdict = VERDICTS.get(code < 0 ? code : code & 0xff);
      if (verdict !== undefined) found.verdict = verdict;
    } else if (inner.type === NFTA_VERDICT_CHAIN) found.target = inner.text();
  }
  return found;
}

/** The letters' order is that of the bits. */
const TCP_FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg"] as const;

function headersOf(network: Uint8Array, transport: Uint8Array | undefined): TracedHeaders | undefined {
  const ip = new DataView(network.buffer, network.byteOffset, network.byteLength);
  if (network.length < 20 || ip.getUint8(0) >> 4 !== 4) return undefined;
  const protocol = ip.getUint8(9);
  const ports = transport !== undefined && transport.length >= 4 && WITH_PORTS.has(protocol);
  const l4 =
    transport === undefined ? undefined : new DataView(transport.buffer, transport.byteOffset, transport.length);
  const bits = protocol === 6 && l4 !== undefined && l4.byteLength >= 14 ? l4.getUint8(13) : undefined;
  return {
    protocol,
    source: formatIpv4(ip.getUint32(12)),
    destination: formatIpv4(ip.getUint32(16)),
    ttl: ip.getUint8(8),
    length: ip.getUint16(2),
    ...(ports && l4 !== undefined ? { sourcePort: l4.getUint16(0), destinationPort: l4.getUint16(2) } : {}),
    ...(bits === undefined ? {} : { tcpFlags: TCP_FLAGS.filter((_, place) => ((bits >> place) & 1) !== 0) }),
  };
}
