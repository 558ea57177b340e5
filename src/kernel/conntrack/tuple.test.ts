import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AttributeCursor, MessageCursor } from "../netlink/cursor.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { EntryBuffer } from "./entry-buffer.ts";
import { EntryTuple } from "./entry-tuple.ts";
import { writeTuple, type Tuple } from "./tuple.ts";

/** What the tuple is after being written as an attribute and read again. */
function roundTrip(tuple: Tuple): Tuple {
  const bytes = writeTuple(new NetlinkMessage(0), 1, tuple).finish(0);
  const message = new MessageCursor(bytes).reset(bytes.length);
  assert.ok(message.next());
  const outer = new AttributeCursor(bytes).inMessage(message, 0);
  assert.ok(outer.next());
  const numbers = new EntryTuple(new EntryBuffer(bytes));
  assert.ok(numbers.read(outer.start, outer.end));
  return numbers.tuple();
}

/** Without zone, which a tuple cannot carry, and in the one spelling that is written. */
function canonical(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

const port = fc.nat(0xffff);

test("IPv4 tuples come back as they were", () => {
  fc.assert(
    fc.property(
      fc.ipV4(),
      fc.ipV4(),
      fc.nat(255),
      port,
      port,
      (source, destination, protocol, sourcePort, destinationPort) => {
        const tuple = { source, destination, protocol, sourcePort, destinationPort };
        assert.deepEqual(roundTrip(tuple), tuple);
      },
    ),
  );
});

test("IPv6 tuples come back in RFC 5952 spelling", () => {
  fc.assert(
    fc.property(
      fc.ipV6(),
      fc.ipV6(),
      fc.constantFrom(6, 17, 58, 132),
      port,
      port,
      (source, destination, protocol, from, to) => {
        const tuple = { source, destination, protocol, sourcePort: from, destinationPort: to };
        assert.deepEqual(roundTrip(tuple), {
          ...tuple,
          source: canonical(source),
          destination: canonical(destination),
        });
      },
    ),
  );
});

const NOT_ADDRESSES = ["", "10.0.0", "010.0.0.1", "10.0.0.256", "fe80::1%eth0", "2001:db8::1::2", "host"];

for (const text of NOT_ADDRESSES) {
  test(`${JSON.stringify(text)} is no address`, () => {
    const tuple = { source: text, destination: "10.0.0.1", protocol: 6, sourcePort: 1, destinationPort: 2 };
    assert.throws(() => roundTrip(tuple), TypeError);
  });
}

test("both ends must be of one family", () => {
  const ports = { protocol: 6, sourcePort: 1, destinationPort: 2 };
  assert.throws(() => roundTrip({ source: "10.0.0.1", destination: "::1", ...ports }), TypeError);
  assert.throws(() => roundTrip({ source: "::1", destination: "10.0.0.1", ...ports }), TypeError);
});
