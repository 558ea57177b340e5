import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { isKernelError } from "./error.ts";
import { namespaceInode, NetworkDirectory, parseInterfaceNumbers } from "./network-directory.ts";

void test("numbers of interfaces", () => {
  const igmp = `Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter
1\tlo        :     1      V3
\t\t\t\t010000E0     1 0:00000000\t\t0
12\teth0.5@if3:     1      V3
`;
  assert.deepEqual(
    parseInterfaceNumbers(igmp),
    new Map([
      [1, "lo"],
      [12, "eth0.5@if3"],
    ]),
  );
});

void test("finds its own namespace by number, and says so of one it does not know", () => {
  const own = namespaceInode(undefined);
  assert.equal(own, statSync("/proc/self/ns/net").ino);
  const directory = new NetworkDirectory();
  assert.equal(directory.find(own).label, "this one");
  assert.ok(directory.known().includes(own));
  assert.deepEqual(directory.find(17), { label: "net:[17]", known: undefined, process: undefined });
  assert.equal(directory.find(0).label, "-");
});

void test("a namespace that is not there", () => {
  assert.throws(
    () => namespaceInode("mn-none"),
    (error) => isKernelError(error, "kernel-not-found"),
  );
});
