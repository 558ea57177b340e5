import assert from "node:assert/strict";
import { test } from "node:test";
import { isKernelError } from "../../src/kernel/error.ts";
import { isSysctlWritable, readSysctl, writeSysctl } from "../../src/kernel/sysctl.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

test("values are those sysctl shows, of the namespace asked", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  const names = [
    "net.ipv4.ip_forward",
    "net.ipv4.ip_local_port_range",
    "net.netfilter.nf_conntrack_tcp_timeout_established",
  ];
  for (const name of names) {
    assert.equal(readSysctl(namespace, name), run(namespace, "sysctl", "-n", name).trim().replaceAll("\t", " "));
  }
  const host = readSysctl(undefined, "net.ipv4.ip_local_port_range");
  writeSysctl(namespace, "net.ipv4.ip_local_port_range", "2000 3000");
  assert.equal(readSysctl(namespace, "net.ipv4.ip_local_port_range"), "2000 3000");
  assert.equal(run(namespace, "sysctl", "-n", "net.ipv4.ip_local_port_range").trim(), "2000\t3000");
  assert.equal(readSysctl(undefined, "net.ipv4.ip_local_port_range"), host);
});

test("an interface with a dot in its name is written with a slash", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  run(namespace, "ip", "link", "add", "wan.100", "type", "veth", "peer", "name", "x");
  writeSysctl(namespace, "net.ipv4.conf.wan/100.rp_filter", "2");
  assert.equal(run(namespace, "sysctl", "-n", "net.ipv4.conf.wan/100.rp_filter").trim(), "2");
  assert.equal(readSysctl(namespace, "net/ipv4/conf/wan.100/rp_filter"), "2");
});

test("what is not there, not valid or not ours to set is told apart", NEEDS_ROOT, (t) => {
  const namespace = ownNamespace(t);
  assert.equal(readSysctl(namespace, "net.ipv4.no_such"), undefined);
  assert.equal(isSysctlWritable(namespace, "net.ipv4.no_such"), false);
  assert.throws(
    () => writeSysctl(namespace, "net.ipv4.no_such", "1"),
    (error) => isKernelError(error, "kernel-not-found"),
  );
  assert.throws(
    () => writeSysctl(namespace, "net.ipv4.ip_forward", "x"),
    (error) => isKernelError(error, "kernel-rejected"),
  );
  // The size of the table's hash belongs to the host.
  const buckets = "net.netfilter.nf_conntrack_buckets";
  assert.notEqual(readSysctl(namespace, buckets), undefined);
  assert.equal(isSysctlWritable(namespace, buckets), false);
  assert.throws(
    () => writeSysctl(namespace, buckets, "1024"),
    (error) => isKernelError(error, "kernel-read-only"),
  );
  // Asking sets nothing.
  const forwarding = readSysctl(namespace, "net.ipv4.ip_forward");
  assert.equal(isSysctlWritable(namespace, "net.ipv4.ip_forward"), true);
  assert.equal(readSysctl(namespace, "net.ipv4.ip_forward"), forwarding);
});
