import assert from "node:assert/strict";
import { test } from "node:test";
import { isKernelError } from "./error.ts";
import { sysctlPath } from "./sysctl.ts";

const PATHS: readonly (readonly [string, string])[] = [
  ["net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"],
  ["net.ipv4.conf.eth0/100.rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"],
  ["net/ipv4/conf/eth0.100/rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"],
  ["kernel", "/proc/sys/kernel"],
];

for (const [name, path] of PATHS) {
  test(`${name} is ${path}`, () => assert.equal(sysctlPath(name), path));
}

for (const name of ["", ".", "net..ipv4", "net/../../etc/passwd", "/etc/passwd", "net.ipv4.", "net.\0"]) {
  test(`${JSON.stringify(name)} is no name`, () => {
    assert.throws(
      () => sysctlPath(name),
      (error) => isKernelError(error, "kernel-rejected"),
    );
  });
}
