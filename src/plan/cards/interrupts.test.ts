import assert from "node:assert/strict";
import { test } from "node:test";
import { queueOfInterrupt } from "./interrupts.ts";

/** Names as drivers give them (their sources of Linux 6.12), and the queue. */
const NAMES: readonly (readonly [string, number | undefined])[] = [
  ["eth0-TxRx-3", 3], // igb, ixgbe
  ["i40e-eth0-TxRx-11", 11],
  ["ice-eth0-TxRx-0", 0],
  ["virtio2-input.0", 0],
  ["virtio2-output.1", 1],
  ["mlx5_comp7@pci:0000:01:00.0", 7],
  ["mlx4-4@0000:01:00.0", undefined],
  ["eth0-Tx-Rx-2", 2], // ena
  ["eth0-rx-1", 1],
  ["eth0-fp-5", 5], // bnx2x
  ["bnxt-eth0-TxRx-6", 6],
  ["gve-ntfy-blk3@pci:0000:00:04.0", undefined],
  ["virtio2-config", undefined],
  ["mlx5_async0@pci:0000:01:00.0", undefined],
  ["i40e-0000:01:00.0:misc", undefined],
  ["eth0", undefined],
  ["eth0-mgmnt@pci:0000:00:05.0", undefined],
];

void test("the queue that an interrupt is for", () => {
  for (const [name, queue] of NAMES) assert.equal(queueOfInterrupt(name), queue, name);
});
