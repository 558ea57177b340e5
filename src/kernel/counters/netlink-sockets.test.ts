import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConntrackListeners } from "./netlink-sockets.ts";

const TEXT = `sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
0000000000000000 0   1234       00000551 0        0        0     2        7        100
0000000000000000 12  0          00000000 0        0        0     2        0        101
0000000000000000 12  1234       00000007 212992   0        0     2        42       102
0000000000000000 12  3012345678 00000009 0        0        0     2        0        103
0000000000000000 12  1300       00000100 0        0        0     2        5        104
`;

test("sockets in a group of connection tracking, and what they lost", () => {
  assert.deepEqual(parseConntrackListeners(TEXT), [
    { inode: 102, port: 1234, events: ["new", "update", "destroy"], queuedBytes: 212_992, drops: 42 },
    { inode: 103, port: 3_012_345_678, events: ["new", "expectation new"], queuedBytes: 0, drops: 0 },
  ]);
});

test("no listener, nothing there", () => {
  assert.deepEqual(parseConntrackListeners(""), []);
  assert.deepEqual(parseConntrackListeners(TEXT.split("\n").slice(0, 3).join("\n")), []);
});
