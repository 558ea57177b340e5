import { formatIpv4 } from "../../address/ipv4.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { formatIpv6 } from "../../kernel/conntrack/tuple.ts";
import type { KeyTally, Tallied } from "./key-tally.ts";
import { addressAt, addressNumber, type Side } from "./sides.ts";

/** The third word of an IPv4 address mapped into IPv6. */
const MAPPED = 0xffff;

/** Counts the address on that side of the entry; IPv4 addresses as mapped into IPv6. */
export function tallyAddress(tally: KeyTally, entry: ConnectionEntry, side: Side): void {
  if (side.tuple.family === 2) {
    tally.add(0, 0, MAPPED, addressNumber(side));
    return;
  }
  const { buffer } = entry;
  const at = addressAt(side);
  if (at === 0) tally.add(0, 0, 0, 0);
  else tally.add(buffer.u32(at), buffer.u32(at + 4), buffer.u32(at + 8), buffer.u32(at + 12));
}

/** The address of a key; undefined for that of entries without one. */
export function addressOfKey(key: Tallied["key"]): string | undefined {
  const [a, b, c, d] = key;
  if (a === 0 && b === 0 && c === MAPPED) return formatIpv4(d);
  if (a === 0 && b === 0 && c === 0 && d === 0) return undefined;
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of key.entries()) view.setUint32(i * 4, word);
  return formatIpv6(bytes, 0);
}
