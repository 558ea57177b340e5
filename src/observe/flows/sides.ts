import { STATUS } from "../../kernel/conntrack/connection.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import type { EntryTuple } from "../../kernel/conntrack/entry-tuple.ts";

/** An address of an entry: the tuple that has it, and at which end. */
export interface Side {
  tuple: EntryTuple;
  isSource: boolean;
}

/** A place for the answer of the functions below; one is enough for a whole table. */
export function makeSide(entry: ConnectionEntry): Side {
  return { tuple: entry.original, isSource: true };
}

/**
 * The inside host: who began the connection, or, where only the destination was translated (a port forward), who
 * answers it. Always there.
 */
export function toSubscriber(side: Side, entry: ConnectionEntry): boolean {
  const nat = entry.status & (STATUS.sourceNat | STATUS.destinationNat);
  side.tuple = nat === STATUS.destinationNat ? entry.reply : entry.original;
  side.isSource = true;
  return true;
}

/** The public address: what the source was translated to, else what the destination was before; false: not translated. */
export function toPool(side: Side, entry: ConnectionEntry): boolean {
  side.isSource = false;
  if ((entry.status & STATUS.sourceNat) !== 0) side.tuple = entry.reply;
  else if ((entry.status & STATUS.destinationNat) !== 0) side.tuple = entry.original;
  else return false;
  return true;
}

/** Where the address begins in the entry's buffer. */
export function addressAt({ tuple, isSource }: Side): number {
  return isSource ? tuple.sourceAt : tuple.destinationAt;
}

/** As a number, for IPv4. */
export function addressNumber({ tuple, isSource }: Side): number {
  return isSource ? tuple.source : tuple.destination;
}
