import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { AttributeCursor, type MessageCursor } from "../netlink/cursor.ts";
import { NFGENMSG, nfnetlinkMessage } from "../netlink/nfnetlink.ts";
import {
  AF_UNSPEC,
  CT_GET,
  CTA_MARK,
  CTA_PROTOINFO,
  CTA_STATUS,
  CTA_TIMEOUT,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  CTA_ZONE,
  NFNL_SUBSYS_CTNETLINK,
} from "./attributes.ts";
import { ConnectionDecoder, type Connection } from "./connection.ts";
import { withConntrack } from "./ctnetlink.ts";
import { TupleNumbers } from "./tuple.ts";

/** More than fit in one read: an entry takes 100 bytes at least. */
const CAPACITY = 1024;

/**
 * The entries of one read as columns; row i of each belongs to entry i, for i below `length`. The arrays are filled
 * anew for every read: take numbers out, keep no array.
 */
export class ConnectionBatch {
  length = 0;
  /** AF_INET 2 or AF_INET6 10. */
  readonly family = new Uint8Array(CAPACITY);
  /** IANA number. */
  readonly protocol = new Uint8Array(CAPACITY);
  /** `STATUS` bits. */
  readonly status = new Uint32Array(CAPACITY);
  /** Seconds left. */
  readonly timeout = new Uint32Array(CAPACITY);
  readonly mark = new Uint32Array(CAPACITY);
  readonly zone = new Uint16Array(CAPACITY);
  /** Index into `TCP_STATES`; 255 for other protocols. */
  readonly tcpState = new Uint8Array(CAPACITY);
  /** IPv4 addresses in host order; 0 for IPv6, see `connection`. */
  readonly originalSource = new Uint32Array(CAPACITY);
  readonly originalDestination = new Uint32Array(CAPACITY);
  /** Ports; for ICMP the identifier, and type times 256 plus code. */
  readonly originalSourcePort = new Uint16Array(CAPACITY);
  readonly originalDestinationPort = new Uint16Array(CAPACITY);
  readonly replySource = new Uint32Array(CAPACITY);
  readonly replyDestination = new Uint32Array(CAPACITY);
  readonly replySourcePort = new Uint16Array(CAPACITY);
  readonly replyDestinationPort = new Uint16Array(CAPACITY);

  readonly #start = new Uint32Array(CAPACITY);
  readonly #end = new Uint32Array(CAPACITY);
  readonly #attributes: AttributeCursor;
  readonly #middle: AttributeCursor;
  readonly #inner: AttributeCursor;
  readonly #decoder: ConnectionDecoder;
  readonly #tuple = new TupleNumbers();

  constructor(buffer: Uint8Array) {
    this.#attributes = new AttributeCursor(buffer);
    this.#middle = new AttributeCursor(buffer);
    this.#inner = new AttributeCursor(buffer);
    this.#decoder = new ConnectionDecoder(buffer);
  }

  /** Everything the kernel said of entry `row`, as an object: for the few that matter. */
  connection(row: number): Connection {
    if (row < 0 || row >= this.length) throw new RangeError(`no row ${row} in a batch of ${this.length}`);
    return this.#decoder.decodeBetween(this.family[row] ?? 0, this.#start[row] ?? 0, this.#end[row] ?? 0);
  }

  /** Says whether no further entry fits. */
  get isFull(): boolean {
    return this.length === CAPACITY;
  }

  /** Appends the entry where `message` stands. */
  append(message: MessageCursor): void {
    const row = this.length;
    const attributes = this.#attributes.inMessage(message, NFGENMSG);
    this.family[row] = message.u8(0);
    this.#start[row] = message.start + NFGENMSG;
    this.#end[row] = message.end;
    // What the kernel leaves out is the default: no mark, zone 0.
    this.status[row] = this.timeout[row] = this.mark[row] = this.zone[row] = 0;
    this.tcpState[row] = 255;
    while (attributes.next()) {
      const type = attributes.type;
      if (type === CTA_TUPLE_ORIG) this.#appendOriginal(row);
      else if (type === CTA_TUPLE_REPLY) this.#appendReply(row);
      else if (type === CTA_STATUS) this.status[row] = attributes.u32be();
      else if (type === CTA_TIMEOUT) this.timeout[row] = attributes.u32be();
      else if (type === CTA_PROTOINFO) this.tcpState[row] = this.#decoder.tcpState(attributes);
      else if (type === CTA_MARK) this.mark[row] = attributes.u32be();
      else if (type === CTA_ZONE) this.zone[row] = attributes.u16be();
    }
    this.length = row + 1;
  }

  #appendOriginal(row: number): void {
    const tuple = this.#tuple;
    tuple.read(this.#attributes, this.#middle, this.#inner);
    this.protocol[row] = tuple.protocol;
    this.originalSource[row] = tuple.source;
    this.originalDestination[row] = tuple.destination;
    this.originalSourcePort[row] = tuple.sourcePort;
    this.originalDestinationPort[row] = tuple.destinationPort;
  }

  #appendReply(row: number): void {
    const tuple = this.#tuple;
    tuple.read(this.#attributes, this.#middle, this.#inner);
    this.replySource[row] = tuple.source;
    this.replyDestination[row] = tuple.destination;
    this.replySourcePort[row] = tuple.sourcePort;
    this.replyDestinationPort[row] = tuple.destinationPort;
  }
}

/** What a walk has seen. */
export interface WalkResult {
  readonly entries: number;
  /** False if the visitor stopped it. */
  readonly complete: boolean;
}

/**
 * Shows every connection of the namespace to `visit`, batch by batch; `visit` returns false to stop. Memory does not
 * grow with the table, but the thread is blocked meanwhile (2 s for a million entries): for large tables call it in a
 * worker. The kernel does not freeze the table: entries made or gone meanwhile may be in it or not.
 * `family` (2 IPv4, 10 IPv6) is filtered by the kernel.
 */
export function walkConntrack(
  namespace: NamespaceName,
  visit: (batch: ConnectionBatch) => boolean | void,
  family: number = AF_UNSPEC,
): WalkResult {
  return withConntrack(namespace, (connection) => walk(connection, visit, family));
}

/** As `walkConntrack`, over a connection of its own: one that was stopped half-way is of no further use. */
export function walk(
  connection: NetlinkConnection,
  visit: (batch: ConnectionBatch) => boolean | void,
  family: number = AF_UNSPEC,
): WalkResult {
  const batch = new ConnectionBatch(connection.buffer);
  let entries = 0;
  let stopped = false;
  const flush = (): boolean => {
    if (stopped || batch.length === 0) return !stopped;
    entries += batch.length;
    stopped = visit(batch) === false;
    batch.length = 0;
    return !stopped;
  };
  const message = nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK, CT_GET, family);
  connection.dump(
    message,
    "read the connection table",
    (reply) => {
      if (batch.isFull) flush();
      if (!stopped) batch.append(reply);
    },
    flush,
  );
  return { entries, complete: !stopped };
}
