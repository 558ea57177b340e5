import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf } from "../../test/fixtures/plan-of.ts";
import type { Plan } from "../plan/plan.ts";
import { sysctlSettings, writeSysctlConf } from "./sysctl.ts";

const PLAN: Plan = {
  ...planOf({}),
  sysctls: [
    { name: "net.ipv4.ip_forward", now: "0", proposed: "1", scope: "namespace", writable: true, reason: "to forward" },
    {
      name: "net.netfilter.nf_conntrack_max",
      proposed: "2097152",
      scope: "host",
      atLeast: true,
      writable: false,
      reason: "to hold\n1,700,000",
    },
  ],
};

test("settings are the plan's proposals", () => {
  assert.deepEqual(sysctlSettings(PLAN), [
    { name: "net.ipv4.ip_forward", value: "1", scope: "namespace", reason: "to forward" },
    {
      name: "net.netfilter.nf_conntrack_max",
      value: "2097152",
      scope: "host",
      atLeast: true,
      reason: "to hold\n1,700,000",
    },
  ]);
});

test("settings as a file for sysctl.d", () => {
  assert.equal(
    writeSysctlConf("campus\nborder", sysctlSettings(PLAN)),
    `# Kernel settings of the gateway campus border.

# to forward
net.ipv4.ip_forward = 1

# to hold 1,700,000 (at least, for the whole host)
net.netfilter.nf_conntrack_max = 2097152
`,
  );
});
