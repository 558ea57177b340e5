import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { readRuleset } from "../rules/read-ruleset.ts";
import type { DroppedHeader, LeakSignal, Signals } from "../signals.ts";
import { mode } from "./invalid-leak.ts";

const RULES = readRuleset({
  nft: [],
  nftTexts: new Map(),
  elements: new Map(),
  saved: {
    "iptables-legacy":
      "*filter\n:FORWARD ACCEPT [0:0]\n[0:0] -A FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n",
  },
});
const TUPLE = { source: "10.64.1.9", sourcePort: 40_000, destination: "198.51.100.9", destinationPort: 443 };
const STRAY: Partial<DroppedHeader> = {
  ...TUPLE,
  protocol: 6,
  location: "nf_hook_slow",
  tcpFlags: ["psh", "ack"],
};
const LIVE: Partial<DroppedHeader> = {
  ...STRAY,
  translation: { before: TUPLE, after: { ...TUPLE, source: "203.0.113.10" } },
};

function leaking(packets: number): Signals {
  const headers = [header("", { protocol: 6, interface: "wan", tcpFlags: ["rst"] })];
  const leak: LeakSignal = { interface: "wan", seconds: 0.3, packets, headers };
  return { ...signals({ deltas: { "conntrack.invalid": 400 } }), rules: RULES, leak };
}

function dropped(packets: number, more: Partial<DroppedHeader>, changes: SignalChanges = {}): Signals {
  return {
    ...signals({
      drops: [drop("hook", packets, { location: "nf_hook_slow" })],
      headers: [header("conntrack", more)],
      deltas: { "rule.legacy-ip/filter/FORWARD/1.packets": packets, "conntrack.invalid": packets },
      ...changes,
    }),
    rules: RULES,
  };
}

test("packets that leave with private sources", () => {
  const [found] = mode.examine(leaking(60));
  assert.equal(
    found?.summary,
    "60 packets with private sources left wan untranslated in 0.3 s, most of them TCP rst; no rule drops INVALID packets",
  );
  assert.deepEqual(found?.evidence[1], {
    what: "INVALID packets (invalid of conntrack -S)",
    value: "+400",
    meaning: "200 /s",
  });
  assert.deepEqual(found?.top?.rows, ["1  TCP 10.64.1.9 > 198.51.100.9:53 on wan"]);
});

test("a rule drops packets of connections that live", () => {
  const [found] = mode.examine(dropped(400, LIVE));
  assert.equal(
    found?.summary,
    "400 packets of live TCP connections dropped as INVALID in 2.0 s by rule 1 of chain FORWARD in table filter of iptables-legacy: they are outside of the window that connection tracking expects",
  );
  assert.deepEqual(
    [found?.severity, found?.explains, found?.fixes[0]?.safe],
    [
      "loss",
      [{ cause: "hook", packets: 400 }],
      [{ kind: "sysctl", name: "net.netfilter.nf_conntrack_tcp_be_liberal", value: "1" }],
    ],
  );
});

const SILENT: readonly [string, Signals][] = [
  ["a healthy gateway", { ...signals(), rules: RULES }],
  ["a single packet left", leaking(1)],
  [
    "many INVALID packets from outside, and none left",
    { ...signals({ deltas: { "conntrack.invalid": 4000 } }), rules: RULES },
  ],
  ["strays of connections that have ended are dropped", dropped(400, STRAY)],
  ["a few packets", dropped(6, LIVE)],
  ["it is liberal already", dropped(400, LIVE, { settings: { "net.netfilter.nf_conntrack_tcp_be_liberal": "1" } })],
];

for (const [name, given] of SILENT) {
  test(`silent: ${name}`, () => assert.deepEqual(mode.examine(given), []));
}
