import assert from "node:assert/strict";
import { test } from "node:test";
import { logged, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./log-flood.ts";

const RULE = "rule.ip/filter/forward/7";
const logs = (packets: number, text = 'udp dport 53 counter log prefix "dns: "'): SignalChanges => ({
  texts: { [RULE]: text },
  deltas: { [`${RULE}.packets`]: packets },
});
const lines = (count: number, incoming = "lan") =>
  logged("rule-log", count, { last: `dns: IN=${incoming} OUT=wan MAC= SRC=10.64.1.9 DST=198.51.100.9` });
const invalid = (packets: number): SignalChanges => ({
  deltas: { "conntrack.invalid": packets },
  settings: { "net.netfilter.nf_conntrack_log_invalid": "255" },
  log: [logged("out-of-window", packets, { of: "6" })],
});

const TABLE: readonly (readonly [string, SignalChanges, string | undefined])[] = [
  ["a healthy gateway", {}, undefined],
  ["a rule that logs what strangers try", { ...logs(12), log: [lines(12)] }, undefined],
  ["a limit", { ...logs(5000, "counter limit rate 3/minute log"), log: [lines(1)] }, undefined],
  ["a rule that logs to a program", logs(5000, "counter log group 2"), undefined],
  ["a namespace that may not log", { ...logs(5000), host: { hostNamespace: false } }, undefined],
  [
    "lines about other namespaces",
    {
      ...logs(0),
      log: [lines(5000, "eth7").last.replace("OUT=wan", "OUT=eth8")].map((last) => logged("rule-log", 5000, { last })),
    },
    undefined,
  ],
  ["invalid packets, which are not logged", { deltas: { "conntrack.invalid": 5000 } }, undefined],
  ["few invalid packets, logged", invalid(10), undefined],
  [
    "invalid packets of a kind that is not logged",
    { deltas: { "conntrack.invalid": 5000 }, settings: { "net.netfilter.nf_conntrack_log_invalid": "255" } },
    undefined,
  ],
  ["a rule that meets much", logs(400), "200 /s packets are written into the kernel's log"],
  [
    "a rule that does not count, by its lines",
    { texts: { [RULE]: "log" }, log: [lines(400)] },
    "200 /s packets are written into the kernel's log",
  ],
  [
    "the same in a namespace that may log",
    { ...logs(400), host: { hostNamespace: false }, settings: { "net.netfilter.nf_log_all_netns": "1" } },
    "200 /s packets are written into the kernel's log",
  ],
  ["invalid packets, logged", invalid(400), "200 /s packets are written into the kernel's log, as invalid"],
];

for (const [name, changes, summary] of TABLE) {
  test(`${name}: ${summary === undefined ? "nothing" : "found"}`, () => {
    assert.equal(mode.examine(signals(changes))[0]?.summary, summary);
  });
}

test("rules are named, and limited by hand; what connection tracking logs can be switched off", () => {
  const [byRule] = mode.examine(
    signals({ ...logs(400), log: [logged("messages-suppressed", 90, { of: "net_ratelimit" })] }),
  );
  assert.deepEqual(byRule?.top?.rows, ['400  ip filter forward: udp dport 53 counter log prefix "dns: "']);
  assert.equal(byRule.fixes[0]?.safe, undefined);
  assert.equal(byRule.evidence.at(-1)?.meaning, "net_ratelimit");
  const [byTracking] = mode.examine(signals(invalid(400)));
  assert.deepEqual(byTracking?.fixes[0]?.safe, [
    { kind: "sysctl", name: "net.netfilter.nf_conntrack_log_invalid", value: "0" },
  ]);
});
