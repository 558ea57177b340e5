import assert from "node:assert/strict";
import { test } from "node:test";
import { forbiddingLine } from "./module.ts";

const INSMOD = "insmod /lib/modules/6.1.0-57-amd64/kernel/net/tls/tls.ko \n";

test("a module that modprobe.d replaces by nothing is forbidden", () => {
  assert.equal(forbiddingLine(`${INSMOD}install /bin/false \n`), "install /bin/false");
  assert.equal(forbiddingLine("install /usr/bin/true\n"), "install /usr/bin/true");
  assert.equal(forbiddingLine("install :\n"), "install :");
  assert.equal(forbiddingLine("install /bin/false max_bonds=0 \n"), "install /bin/false max_bonds=0");
  assert.equal(forbiddingLine(INSMOD), undefined);
  assert.equal(forbiddingLine("install /sbin/modprobe --ignore-install bonding && /bin/true\n"), undefined);
  assert.equal(forbiddingLine(""), undefined);
});
