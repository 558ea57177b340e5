import assert from "node:assert/strict";
import { test } from "node:test";
import { KernelError } from "./error.ts";
import { packFailure, unpackFailure } from "./thread-failure.ts";

const ERRORS: readonly [string, unknown, Error][] = [
  [
    "a KernelError with the kernel's words",
    new KernelError("kernel-busy", "EBUSY: busy", { tried: "attach it", errno: 16, kernelSaid: "no", remedy: "wait" }),
    new KernelError("kernel-busy", "EBUSY: busy", { tried: "attach it", errno: 16, kernelSaid: "no", remedy: "wait" }),
  ],
  [
    "a KernelError without",
    new KernelError("program-missing", "it is not there", { tried: "run nft", errno: 0, remedy: "install it" }),
    new KernelError("program-missing", "it is not there", { tried: "run nft", errno: 0, remedy: "install it" }),
  ],
  ["another error", new TypeError("wrong"), new Error("wrong")],
  ["something thrown that is no error", "text", new Error("text")],
];

for (const [name, sent, expected] of ERRORS) {
  test(`${name} arrives in another thread`, () => {
    const arrived = unpackFailure(structuredClone(packFailure(sent)));
    assert.deepEqual(arrived, expected);
    assert.equal(arrived instanceof KernelError, expected instanceof KernelError);
  });
}
