import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDriverStatistics } from "./ethtool-statistics.ts";
import { HOST_LITTLE_ENDIAN } from "./netlink/header.ts";

/** Some of what an ena card tells (Documentation/networking/device_drivers/ethernet/amazon/ena.rst and its driver). */
const ENA: readonly (readonly [string, number])[] = [
  ["tx_timeout", 0],
  ["wd_expired", 0],
  ["interface_up", 1],
  ["bw_in_allowance_exceeded", 0],
  ["bw_out_allowance_exceeded", 17],
  ["pps_allowance_exceeded", 1_234_567],
  ["conntrack_allowance_exceeded", 2 ** 40],
  ["linklocal_allowance_exceeded", 0],
  ["conntrack_allowance_available", 136_812],
  ["queue_0_tx_cnt", 99],
  ["a_name_of_thirty_two_characters_", 5],
];

function answers(told: number): readonly [Buffer, Buffer] {
  const names = Buffer.alloc(12 + (ENA.length + 4) * 32);
  const values = Buffer.alloc(8 + (ENA.length + 4) * 8);
  const u32 = (buffer: Buffer, value: number, at: number) =>
    HOST_LITTLE_ENDIAN ? buffer.writeUInt32LE(value, at) : buffer.writeUInt32BE(value, at);
  u32(names, told, 8);
  u32(values, told, 4);
  for (const [index, [name, value]] of ENA.entries()) {
    names.write(name, 12 + index * 32, "latin1");
    if (HOST_LITTLE_ENDIAN) values.writeBigUInt64LE(BigInt(value), 8 + index * 8);
    else values.writeBigUInt64BE(BigInt(value), 8 + index * 8);
  }
  return [names, values];
}

test("names and values belong together by their place", () => {
  assert.deepEqual([...decodeDriverStatistics(...answers(ENA.length))], ENA);
});

test("no more than both answers have", () => {
  assert.equal(decodeDriverStatistics(...answers(3)).size, 3);
  const [names, values] = answers(ENA.length);
  assert.equal(decodeDriverStatistics(names, values.subarray(0, 8 + 5 * 8)).size, 5);
  assert.equal(decodeDriverStatistics(...answers(0)).size, 0);
});
