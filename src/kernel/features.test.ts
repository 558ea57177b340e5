import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { KernelError } from "./error.ts";
import { kernelErrorFromErrno } from "./ffi/errno.ts";
import { probeFeature } from "./features.ts";
import { CATALOGUE, type FeatureDefinition } from "./features/catalogue.ts";
import type { ModuleState } from "./proc.ts";

const WIRE: Omit<FeatureDefinition, "probe"> = {
  id: "wire",
  title: "A wire",
  without: "no lab",
  modules: ["wire"],
  config: ["CONFIG_WIRE"],
  also: "package wires",
  where: "here",
};
const COMMON = {
  id: "wire",
  title: "A wire",
  without: "no lab",
  needs: "modules wire; CONFIG_WIRE; package wires",
} as const;

const EPERM = kernelErrorFromErrno("make a wire", constants.errno.EPERM);
const EOPNOTSUPP = kernelErrorFromErrno("make a wire", constants.errno.EOPNOTSUPP, {
  kernelSaid: "Unknown device type",
});
const NO_PROGRAM = new KernelError("program-missing", "it is not installed", {
  tried: "run nft",
  errno: 2,
  remedy: "install nftables",
});

function raise(error: Error): () => never {
  return () => {
    throw error;
  };
}

const CASES: readonly (readonly [string, () => boolean | void, ModuleState, readonly string[] | undefined, object])[] =
  [
    ["found by trying", () => undefined, "unknown", undefined, { present: true }],
    ["found by looking", () => true, "loaded", undefined, { present: true }],
    ["not found by looking", () => false, "loaded", undefined, { present: false }],
    [
      "a module that is not loaded is not tried",
      () => assert.fail("tried"),
      "available",
      undefined,
      { present: true, detail: "not loaded yet: wire" },
    ],
    [
      "a module that is not loaded, and was built without it",
      () => assert.fail("tried"),
      "available",
      ["CONFIG_OTHER"],
      { present: false, detail: "the kernel was built without CONFIG_WIRE" },
    ],
    [
      "refused by the kernel",
      raise(EOPNOTSUPP),
      "unknown",
      undefined,
      {
        present: false,
        detail: "cannot make a wire: EOPNOTSUPP: operation not supported on socket (Unknown device type)",
      },
    ],
    [
      "not permitted, no configuration",
      raise(EPERM),
      "unknown",
      undefined,
      { present: "unknown", detail: "needs root" },
    ],
    [
      "not permitted, configured",
      raise(EPERM),
      "unknown",
      ["CONFIG_WIRE"],
      { present: true, detail: "by the kernel's configuration; trying it needs root" },
    ],
    [
      "not permitted, not configured",
      raise(EPERM),
      "unknown",
      [],
      { present: false, detail: "the kernel was built without CONFIG_WIRE" },
    ],
    [
      "a program is missing",
      raise(NO_PROGRAM),
      "unknown",
      undefined,
      { present: "unknown", detail: "cannot run nft: it is not installed; install nftables" },
    ],
  ];

for (const [title, probe, module, config, expected] of CASES) {
  test(title, () => {
    const symbols = config === undefined ? undefined : new Map(config.map((symbol) => [symbol, "y"]));
    const feature = probeFeature({ ...WIRE, probe }, new Map([["wire", module]]), symbols);
    assert.deepEqual(feature, { ...COMMON, ...expected });
  });
}

test("a defect of ours is not taken for a missing feature", () => {
  assert.throws(() => probeFeature({ ...WIRE, probe: raise(new TypeError("ours")) }, new Map(), undefined), TypeError);
});

test("every feature has an id of its own and says what it needs", () => {
  assert.equal(new Set(CATALOGUE.map(({ id }) => id)).size, CATALOGUE.length);
  for (const { id, config, without } of CATALOGUE) {
    assert.match(id, /^[a-z0-9-]+$/);
    assert.ok(config.length > 0 && without !== "", id);
  }
});
