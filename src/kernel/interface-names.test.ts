import assert from "node:assert/strict";
import { test } from "node:test";
import { listInterfaceNames, parseInterfaceNames } from "./interface-names.ts";

test("interface names: of /proc/net/dev, without its two lines of headings", () => {
  const text = [
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
    "    lo:  288564    2886    0    0    0     0          0         0   288564    2886    0    0    0     0       0          0",
    "eth0.20: 1000       1    0    0    0     0          0         0        0       0    0    0    0     0       0          0",
    "veth-a|b:     0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0",
    "abcdefghijklmno:12345678901 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
    "",
  ].join("\n");
  assert.deepEqual(parseInterfaceNames(text), ["lo", "eth0.20", "veth-a|b", "abcdefghijklmno"]);
  assert.deepEqual(parseInterfaceNames(""), []);
});

test("interface names: of this machine", () => {
  assert.ok(listInterfaceNames(undefined).includes("lo"));
});
