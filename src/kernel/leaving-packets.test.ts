import assert from "node:assert/strict";
import { test } from "node:test";
import { HOST_LITTLE_ENDIAN } from "./netlink/header.ts";
import { privateSourceFilter } from "./leaving-packets.ts";

/** What the kernel would return: runs the few instructions of classic BPF that the filter is made of. */
function runs(program: Uint8Array, source: number, direction: number, protocol: number): number {
  const view = new DataView(program.buffer);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const code = view.getUint16(at * 8, HOST_LITTLE_ENDIAN);
    const value = view.getUint32(at * 8 + 4, HOST_LITTLE_ENDIAN);
    if (code === 0x20) accumulator = { 12: source, 0xfffff000: protocol, 0xfffff004: direction }[value] ?? Number.NaN;
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (code === 0x15) at += view.getUint8(at * 8 + (accumulator === value ? 2 : 3));
    else if (code === 0x06) return value;
    else throw new RangeError(`instruction ${code}`);
  }
  throw new RangeError("the program has no end");
}

const OWN = [0x0a400001, 0xc0a80101];
const CASES: readonly [string, number, boolean, number?, number?][] = [
  ["10.0.0.0/8", 0x0a400109, true],
  ["172.16.0.0/12, its last", 0xac1fffff, true],
  ["beyond 172.16.0.0/12", 0xac200000, false],
  ["192.168.0.0/16", 0xc0a80102, true],
  ["100.64.0.0/10", 0x647fffff, true],
  ["a public address", 0xcb00710a, false],
  ["the first exception", 0x0a400001, false],
  ["the last exception", 0xc0a80101, false],
  ["a packet that comes in", 0x0a400109, false, 0],
  ["IPv6", 0x0a400109, false, 4, 0x86dd],
];

for (const except of [[], OWN]) {
  for (const [name, source, passes, direction = 4, protocol = 0x0800] of CASES) {
    const expected = except.length === 0 && OWN.includes(source) ? true : passes;
    test(`${name}, ${except.length} exceptions`, () => {
      assert.equal(runs(privateSourceFilter(except), source, direction, protocol) > 0, expected);
    });
  }
}
