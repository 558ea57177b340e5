import assert from "node:assert/strict";
import { test } from "node:test";
import { FLOW_FILTER_FLAGS, flowFilter } from "./flow-filter.ts";

type Name = Exclude<keyof typeof FLOW_FILTER_FLAGS, "family">;

/** What the command line makes of flags, given as texts. */
function filterOf(texts: Partial<Record<Name, string>>) {
  const flags: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(texts)) flags[name] = FLOW_FILTER_FLAGS[name as Name].parse(text);
  return flowFilter(flags);
}

test("flags become a filter", () => {
  const cases: readonly (readonly [Parameters<typeof filterOf>[0], ReturnType<typeof flowFilter>])[] = [
    [{}, {}],
    [{ subscriber: "10.0.0.0/30" }, { subscriber: { v4: { first: 0x0a000000, last: 0x0a000003 } } }],
    [{ pool: "1.2.3.4-1.2.3.6" }, { pool: { v4: { first: 0x01020304, last: 0x01020306 } } }],
    [
      { source: "2001:db8::/33" },
      { source: { v6: { bytes: Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), length: 33 } } },
    ],
    [
      { destination: "::1" },
      { destination: { v6: { bytes: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), length: 128 } } },
    ],
    [
      { protocol: "TCP", port: "80-90" },
      { protocol: 6, destinationPort: { first: 80, last: 90 } },
    ],
    [
      { protocol: "50", sourcePort: "7" },
      { protocol: 50, sourcePort: { first: 7, last: 7 } },
    ],
    [{ state: "time-wait" }, { state: "TIME_WAIT" }],
    [{ status: "unreplied" }, { status: { value: 0, mask: 2 } }],
    [{ status: "ASSURED,not-snat" }, { status: { value: 4, mask: 20 } }],
    [{ status: "seen_reply" }, { status: { value: 2, mask: 2 } }],
    [{ olderThan: "1h" }, { age: { min: 3600, max: Number.POSITIVE_INFINITY } }],
    [{ olderThan: "1m", newerThan: "2m30s" }, { age: { min: 60, max: 150 } }],
    [{ expiresWithin: "30s" }, { timeout: { min: 0, max: 30 } }],
    [
      { zone: "65535", mark: "0x10/0xf0" },
      { zone: 65535, mark: { value: 16, mask: 240 } },
    ],
    [{ mark: "4294967295" }, { mark: { value: 4294967295, mask: 4294967295 } }],
  ];
  for (const [texts, expected] of cases) assert.deepEqual(filterOf(texts), expected, JSON.stringify(texts));
});

test("what is no such thing is refused in words", () => {
  const cases: readonly (readonly [Name, string, RegExp])[] = [
    ["source", "10.0.0.256", /an address is needed/],
    ["source", "10.0.0.0/33", /an address is needed/],
    ["source", "fe80::1%eth0", /an address is needed/],
    ["source", "2001:db8::/129", /an address is needed/],
    ["source", "2001:db8::/", /an address is needed/],
    ["protocol", "256", /a protocol .* is needed/],
    ["protocol", "tpc", /a protocol .* is needed/],
    ["port", "65536", /a port/],
    ["port", "9-8", /a port/],
    ["state", "OPENED", /ESTABLISHED/],
    ["status", "assured,", /a status is needed/],
    ["status", "not-unreplied", /a status is needed/],
    ["olderThan", "5", /a length of time is needed/],
    ["zone", "65536", /a zone is needed, up to 65535/],
    ["zone", "", /a zone is needed/],
    ["mark", "1/x", /a mask is needed/],
  ];
  for (const [name, text, message] of cases) {
    assert.throws(() => FLOW_FILTER_FLAGS[name].parse(text), message, `${name} ${text}`);
  }
});
