import { openPinnedMap } from "../../kernel/bpf/pin.ts";
import { isKernelError } from "../../kernel/error.ts";
import {
  AF_INET,
  AF_INET6,
  CTA_COUNTERS_BYTES,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_PACKETS,
  CTA_COUNTERS_REPLY,
} from "../../kernel/conntrack/attributes.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import type { EntryTuple } from "../../kernel/conntrack/entry-tuple.ts";
import { HOST_LITTLE_ENDIAN } from "../../kernel/netlink/header.ts";

/* struct share_key and struct share in bpf/fastpath/shares.h. */
const KEY_BYTES = 40;
const KEY = { source: 0, destination: 16, ports: 32, protocol: 36, version: 37 } as const;
const VALUE_BYTES = 24;
const VALUE = { packets: 0, bytes: 8 } as const;

const [IPPROTO_TCP, IPPROTO_UDP] = [6, 17];
const NOTHING = 0n;

/** What the fast path has forwarded of each connection, past the kernel's counters. */
export class ForwardedShares {
  readonly #opened: ReturnType<typeof openPinnedMap>;
  readonly #key = new Uint8Array(KEY_BYTES);
  readonly #ports = new DataView(this.#key.buffer, KEY.ports);
  readonly #value = new Uint8Array(VALUE_BYTES);
  readonly #counts = new DataView(this.#value.buffer);

  private constructor(opened: ReturnType<typeof openPinnedMap>) {
    this.#opened = opened;
  }

  /** Opens the counts by their name in the eBPF file system; undefined if the fast path was turned off meanwhile. */
  static open(path: string): ForwardedShares | undefined {
    try {
      return new ForwardedShares(openPinnedMap(path));
    } catch (error) {
      if (isKernelError(error, "kernel-not-found")) return undefined;
      throw error;
    }
  }

  /** Adds them to the entry's counters, in the message that it lies in; two system calls where there are any. */
  addTo(entry: ConnectionEntry): void {
    this.#add(entry, entry.original, CTA_COUNTERS_ORIG);
    this.#add(entry, entry.reply, CTA_COUNTERS_REPLY);
  }

  close(): void {
    this.#opened.close();
  }

  #add(entry: ConnectionEntry, tuple: EntryTuple, counters: number): void {
    if (!entry.has(counters) || !this.#writeKey(entry, tuple)) return;
    if (!this.#opened.map.lookupInto(this.#key, this.#value)) return;
    const packets = entry.nested(counters, CTA_COUNTERS_PACKETS, 8);
    const bytes = entry.nested(counters, CTA_COUNTERS_BYTES, 8);
    if (packets !== 0) this.#raise(entry, packets, VALUE.packets);
    if (bytes !== 0) this.#raise(entry, bytes, VALUE.bytes);
  }

  #raise(entry: ConnectionEntry, at: number, counted: number): void {
    const more = this.#counts.getBigUint64(counted, HOST_LITTLE_ENDIAN);
    if (more === NOTHING) return;
    const { bytes } = entry.buffer;
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(at, entry.buffer.bigU64(at) + more);
  }

  /** False for what the fast path never forwards. */
  #writeKey(entry: ConnectionEntry, tuple: EntryTuple): boolean {
    const { family, protocol } = tuple;
    if (protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP) return false;
    if (family !== AF_INET && family !== AF_INET6) return false;
    const length = family === AF_INET ? 4 : 16;
    const { bytes } = entry.buffer;
    this.#key.fill(0);
    this.#key.set(bytes.subarray(tuple.sourceAt, tuple.sourceAt + length), KEY.source);
    this.#key.set(bytes.subarray(tuple.destinationAt, tuple.destinationAt + length), KEY.destination);
    this.#ports.setUint16(0, tuple.sourcePort);
    this.#ports.setUint16(2, tuple.destinationPort);
    this.#key[KEY.protocol] = protocol;
    this.#key[KEY.version] = family === AF_INET ? 4 : 6;
    return true;
  }
}
