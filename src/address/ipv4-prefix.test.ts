import { deepEqual, equal } from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { formatIpv4 } from "./ipv4.ts";
import {
  broadcast,
  formatIpv4Prefix,
  netmask,
  network,
  parseIpv4Prefix,
  prefixContains,
  prefixFromNetmask,
} from "./ipv4-prefix.ts";

const address = fc.nat(0xffffffff);
const prefix = fc.record({ address, length: fc.nat(32) }, { noNullPrototype: true });

test("prefixes are read with their host bits", () => {
  const table: [text: string, address: number | undefined, length?: number][] = [
    ["10.10.0.1/16", 0x0a0a0001, 16],
    ["0.0.0.0/0", 0, 0],
    ["255.255.255.255/32", 0xffffffff, 32],
    ["10.0.0.0/33", undefined],
    ["10.0.0.0/08", undefined],
    ["10.0.0.0/", undefined],
    ["10.0.0.0/+8", undefined],
    ["10.0.0.0", undefined],
    ["10.0.0.0/8/8", undefined],
    ["/8", undefined],
  ];
  for (const [text, expected, length] of table) {
    deepEqual(parseIpv4Prefix(text), expected === undefined ? undefined : { address: expected, length }, text);
  }
});

test("netmask, network and broadcast are those of ipaddr.js", () => {
  fc.assert(
    fc.property(prefix, (value) => {
      const text = formatIpv4Prefix(value);
      deepEqual(parseIpv4Prefix(text), value);
      equal(formatIpv4(netmask(value.length)), ipaddr.IPv4.subnetMaskFromPrefixLength(value.length).toString());
      equal(formatIpv4(network(value)), ipaddr.IPv4.networkAddressFromCIDR(text).toString());
      equal(formatIpv4(broadcast(value)), ipaddr.IPv4.broadcastAddressFromCIDR(text).toString());
      equal(prefixFromNetmask(netmask(value.length)), value.length);
    }),
  );
});

test("a mask with a hole has no length", () => {
  for (const mask of [0xff00ff00, 1, 0x7fffffff, 0xfffffffd]) equal(prefixFromNetmask(mask), undefined);
});

test("a prefix contains what node:net says it contains", () => {
  // Half of the addresses are near the prefix, where the answer changes.
  const near = fc.tuple(prefix, fc.integer({ min: -2, max: 2 })).map(([value, step]) => ({
    value,
    other: Math.min(0xffffffff, Math.max(0, (step > 0 ? broadcast(value) : network(value)) + step)),
  }));
  const far = fc.record({ value: prefix, other: address });
  fc.assert(
    fc.property(fc.oneof(near, far), ({ value, other }) => {
      const list = new BlockList();
      list.addSubnet(formatIpv4(value.address), value.length);
      equal(prefixContains(value, other), list.check(formatIpv4(other)));
    }),
    { numRuns: 500 },
  );
});
