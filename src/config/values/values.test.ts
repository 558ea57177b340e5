import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault, type Reader } from "../fault.ts";
import { readAddress, readHostAddress } from "./address.ts";
import { formatDuration, readDuration, readTimeout } from "./duration.ts";
import { readListen, readPlace } from "./forward.ts";
import { readInterfaceAddresses } from "./interface-addresses.ts";
import { readInterface, readName } from "./name.ts";
import { numberBetween } from "./number.ts";
import { readPorts } from "./port.ts";
import { readInterfaceAddress, readNetwork } from "./prefix.ts";
import { readRange } from "./range.ts";
import { readRate } from "./rate.ts";

const number = numberBetween(1, 2 ** 31 - 1);

const GOOD: readonly [read: Reader<unknown>, text: string, value: unknown][] = [
  [readAddress, "0.0.0.0", 0],
  [readAddress, "255.255.255.255", 0xffffffff],
  [readHostAddress, "61.138.177.3", 0x3d8ab103],
  [readInterfaceAddress, "10.10.0.1/16", { address: 0x0a0a0001, length: 16 }],
  [readInterfaceAddresses, "10.10.0.1/16", [{ address: 0x0a0a0001, length: 16 }]],
  [
    readInterfaceAddresses,
    "10.10.0.254 - 10.10.1.0/16",
    [
      { address: 0x0a0a00fe, length: 16 },
      { address: 0x0a0a00ff, length: 16 },
      { address: 0x0a0a0100, length: 16 },
    ],
  ],
  [readNetwork, "0.0.0.0/0", { address: 0, length: 0 }],
  [readRange, "10.0.0.1 - 10.0.0.9", { first: 0x0a000001, last: 0x0a000009 }],
  [readRange, "10.0.0.0/30", { first: 0x0a000000, last: 0x0a000003 }],
  [readPorts, "80", { first: 80, last: 80 }],
  [readPorts, "1-65535", { first: 1, last: 65535 }],
  [readListen, "1.2.3.4:80/tcp", { address: 0x01020304, ports: { first: 80, last: 80 }, protocol: "tcp" }],
  [readListen, "1.2.3.4:80-90/udp+tcp", { address: 0x01020304, ports: { first: 80, last: 90 }, protocol: "tcp+udp" }],
  [readPlace, "10.0.0.2", { address: 0x0a000002 }],
  [readPlace, "10.0.0.2:80-81", { address: 0x0a000002, ports: { first: 80, last: 81 } }],
  [number, "1", 1],
  [number, "170k", 170_000],
  [number, "1.7M", 1_700_000],
  [number, "2G", 2_000_000_000],
  [number, "0.001k", 1],
  [readDuration, "200ms", 200],
  [readDuration, "5m", 300_000],
  [readDuration, "2h4m", 7_440_000],
  [readDuration, "1d2h3m4s5ms", 93_784_005],
  [readDuration, "1.5s", 1500],
  [readTimeout, "1000ms", 1],
  [readTimeout, "5d", 432_000],
  [readRate, "10gbit", 10_000_000_000],
  [readRate, "2.5gbit", 2_500_000_000],
  [readRate, "64kbit", 64_000],
  [readName, "campus-border_2.x", "campus-border_2.x"],
  [readInterface, "eth0.100", "eth0.100"],
  [readInterface, "6in4-wan@x+y", "6in4-wan@x+y"],
];

const BAD: readonly [read: Reader<unknown>, text: string, code: string, fix: RegExp][] = [
  [readAddress, "10.0.08.1", "leading-zero", /^write 10\.0\.8\.1$/],
  [readAddress, "0x0a.0.0.1", "bad-address", /four numbers/],
  [readAddress, "10.0.0.1.", "bad-address", /four numbers/],
  [readAddress, " 10.0.0.1", "bad-address", /four numbers/],
  [readAddress, "10.0.0.0/8", "bad-address", /without a prefix length/],
  [readAddress, "167772161", "bad-address", /all four/],
  [readAddress, "::", "ipv6-address", /IPv4/],
  [readAddress, "fe80::1%eth0", "ipv6-address", /IPv4/],
  [readAddress, "::ffff:10.0.0.1", "ipv6-address", /IPv4/],
  [readHostAddress, "127.0.0.1", "special-address", /host/],
  [readHostAddress, "255.255.255.255", "special-address", /host/],
  [readInterfaceAddress, "10.0.0.1/0", "bad-address", /1 to 32/],
  [readInterfaceAddress, "10.0.0.1/08", "leading-zero", /write 10\.0\.0\.1\/8/],
  [readInterfaceAddress, "10.0.0.1/255.0.255.0", "bad-address", /1 to 32/],
  [readInterfaceAddress, "10.0.0.1/", "bad-address", /1 to 32/],
  [readRange, "10.0.0.1..10.0.0.9", "bad-address", /write 10\.0\.0\.1-10\.0\.0\.9/],
  [readRange, "10.0.0.1–10.0.0.9", "bad-address", /write 10\.0\.0\.1-10\.0\.0\.9/],
  [readRange, "10.0.0.1-10.0.0.5-10.0.0.9", "bad-address", /first-last/],
  [readRange, "10.0.0.1-", "bad-address", /four numbers/],
  [readRange, "10.0.0.1, 10.0.0.2", "bad-address", /list in brackets/],
  [readPorts, "80,443", "bad-port", /one forward for each/],
  [readPorts, "080", "leading-zero", /write 80/],
  [readPorts, "http", "bad-port", /8080/],
  [readPorts, "1-2-3", "bad-port", /1024-65535/],
  [readListen, "1.2.3.4:80/", "bad-protocol", /tcp\+udp/],
  [readListen, "1.2.3.4:80/TCP", "bad-protocol", /tcp\+udp/],
  [readListen, "wan:80/tcp", "bad-address", /names are not looked up/],
  [readPlace, "10.0.0.2:", "bad-port", /8080/],
  [number, "1_000_000", "bad-number", /write 1000000/],
  [number, "1e6", "bad-number", /whole number/],
  [number, "3G", "bad-number", /from 1 to/],
  [number, "1K", "bad-number", /k, M and G/],
  [number, "0x10", "bad-number", /whole number/],
  [readDuration, "4m2h", "bad-duration", /in that order/],
  [readDuration, "5 m", "bad-duration", /5m/],
  [readDuration, "5min", "bad-duration", /5m/],
  [readDuration, "", "bad-duration", /5m/],
  [readTimeout, "0s", "bad-duration", /write 1s/],
  [readTimeout, "1500ms", "bad-duration", /write 2s/],
  [readRate, "10G", "bad-rate", /write 10gbit/],
  [readRate, "10 Mbps", "bad-rate", /write 10mbit/],
  [readRate, "fast", "bad-rate", /10gbit/],
  [readRate, "0gbit", "bad-rate", /10gbit/],
  [readName, "a".repeat(64), "bad-name", /at most 63/],
  [readName, "büro", "bad-name", /letters/],
  [readName, "", "bad-name", /letter/],
  [readInterface, "eth 0", "bad-interface", /letters/],
  [readInterface, 'eth0"', "bad-interface", /letters/],
  [readInterface, "all", "bad-interface", /ip link/],
];

test("values are read in their unit", () => {
  for (const [read, text, value] of GOOD) deepEqual(read(text), value, text);
});

test("what cannot be read says why and what to write", () => {
  for (const [read, text, code, fix] of BAD) {
    const fault = read(text);
    ok(fault instanceof Fault, text);
    equal(fault.code, code, text);
    ok(fix.test(fault.fix), `${text}: ${fault.fix}`);
  }
});

test("seconds written as a duration read back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_147_483 }), (seconds) => {
      equal(readTimeout(formatDuration(seconds)), seconds);
    }),
  );
  equal(formatDuration(0), "0s");
  equal(formatDuration(93_784), "1d2h3m4s");
});

test("no reader throws, and no fix holds a control character", () => {
  const readers = [...new Set([...GOOD, ...BAD].map(([read]) => read))];
  const text = fc.oneof(fc.string({ maxLength: 20 }), fc.stringMatching(/^[0-9.:/\- kMhmst]{0,20}$/));
  fc.assert(
    fc.property(fc.constantFrom(...readers), text, (read, value) => {
      const result = read(value);
      if (result instanceof Fault) ok(!/\p{Cc}/u.test(result.message), result.message);
    }),
    { numRuns: 2000 },
  );
});
