import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import type { KernelErrorCode } from "../error.ts";
import { errnoName, errnoText, kernelErrorFromErrno, kernelErrorFromNode } from "./errno.ts";

const TABLE: readonly (readonly [number, string, string, KernelErrorCode])[] = [
  [1, "EPERM", "EPERM: operation not permitted", "kernel-permission"],
  [2, "ENOENT", "ENOENT: no such file or directory", "kernel-not-found"],
  [3, "ESRCH", "ESRCH: no such process", "kernel-not-found"],
  [4, "EINTR", "EINTR: interrupted system call", "kernel-interrupted"],
  [11, "EAGAIN", "EAGAIN: resource temporarily unavailable", "kernel-busy"],
  [12, "ENOMEM", "ENOMEM: not enough memory", "kernel-no-memory"],
  [13, "EACCES", "EACCES: permission denied", "kernel-permission"],
  [16, "EBUSY", "EBUSY: resource busy or locked", "kernel-busy"],
  [17, "EEXIST", "EEXIST: file already exists", "kernel-exists"],
  [19, "ENODEV", "ENODEV: no such device", "kernel-not-found"],
  [22, "EINVAL", "EINVAL: invalid argument", "kernel-rejected"],
  [30, "EROFS", "EROFS: read-only file system", "kernel-read-only"],
  [95, "EOPNOTSUPP", "EOPNOTSUPP: operation not supported on socket", "kernel-not-supported"],
  [99, "EADDRNOTAVAIL", "EADDRNOTAVAIL: address not available", "kernel-not-found"],
  [101, "ENETUNREACH", "ENETUNREACH: network is unreachable", "kernel-rejected"],
  [105, "ENOBUFS", "ENOBUFS: no buffer space available", "kernel-no-memory"],
  [524, "ENOTSUPP", "ENOTSUPP: operation is not supported", "kernel-not-supported"],
  [3999, "errno 3999", "errno 3999", "kernel-rejected"],
];

for (const [errno, name, text, code] of TABLE) {
  test(`${errno} is ${name}`, () => {
    assert.equal(errnoName(errno), name);
    assert.equal(errnoText(errno), text);
    const error = kernelErrorFromErrno("do it", errno);
    assert.deepEqual([error.code, error.message, error.errno], [code, `cannot do it: ${text}`, errno]);
    assert.notEqual(error.remedy, "");
  });
}

test("the kernel's words and a remedy of one's own", () => {
  const error = kernelErrorFromErrno("do it", 22, { kernelSaid: "too long", remedy: "shorten it" });
  assert.equal(error.message, "cannot do it: EINVAL: invalid argument (too long)");
  assert.deepEqual([error.kernelSaid, error.remedy], ["too long", "shorten it"]);
});

test("an unreachable next hop has a remedy of its own", () => {
  assert.match(kernelErrorFromErrno("add a route", constants.errno.ENETUNREACH).remedy, /next hop/);
});

test("failures of Node.js become ours, others stay what they are", () => {
  const failure = kernelErrorFromNode("read it", Object.assign(new Error("ENOENT"), { errno: -2 }));
  assert.ok(failure instanceof Error);
  assert.equal(failure.message, "cannot read it: ENOENT: no such file or directory");
  const other = new TypeError("ours");
  assert.equal(kernelErrorFromNode("read it", other), other);
});
