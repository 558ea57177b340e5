import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { readRuleset } from "../rules/read-ruleset.ts";
import type { Ruleset } from "../rules/ruleset.ts";
import type { DroppedHeader, Signals } from "../signals.ts";
import { mode } from "./rule-drop.ts";

function legacy(...lines: readonly string[]): Ruleset {
  const text = [
    "*filter",
    ":INPUT DROP [0:0]",
    ":FORWARD ACCEPT [0:0]",
    ...lines.map((line) => `[0:0] ${line}`),
    "COMMIT",
  ];
  return readRuleset({
    nft: [],
    nftTexts: new Map(),
    elements: new Map(),
    saved: { "iptables-legacy": `${text.join("\n")}\n` },
  });
}

/** A chain of nft at the forward hook: each rule drops UDP to a port. */
function nft(policy: "accept" | "drop", ...ports: readonly number[]): Ruleset {
  const chain = {
    family: "ip",
    table: "office",
    name: "forward",
    handle: 1,
    type: "filter",
    hook: "forward",
    prio: 0,
    policy,
  };
  const rules = ports.map((port, index) => ({
    rule: {
      family: "ip",
      table: "office",
      chain: "forward",
      handle: 2 + index,
      expr: [
        { match: { op: "==", left: { payload: { protocol: "udp", field: "dport" } }, right: port } },
        { drop: null },
      ],
    },
  }));
  const nftTexts = new Map(ports.map((port, index) => [`ip/office/${2 + index}`, `udp dport ${port} drop`]));
  return readRuleset({ nft: [{ chain }, ...rules], nftTexts, elements: new Map(), saved: {} });
}

function looked(rules: Ruleset, changes: SignalChanges): Signals {
  return { ...signals(changes), rules };
}

function dropped(packets: number, ...headers: readonly Partial<DroppedHeader>[]): SignalChanges {
  return {
    drops: [drop("rule", packets, { location: "nft_do_chain" })],
    headers: headers.map((more) => header("rule", { location: "nft_do_chain", ...more })),
  };
}

test("two rules without counters share the drops by their headers", () => {
  const changes = dropped(
    400,
    { destinationPort: 25 },
    { destinationPort: 53 },
    { destinationPort: 53 },
    { destinationPort: 53 },
  );
  const found = mode.examine(looked(nft("accept", 25, 53), changes));
  assert.deepEqual(
    found.map(({ subject, severity, lostPackets, summary, explains }) => [
      subject,
      severity,
      lostPackets,
      summary,
      explains,
    ]),
    [
      [
        "ip/office/forward/3",
        "loss",
        300,
        "300 packets in 2.0 s from inside hosts to others dropped by rule handle 3 of chain ip office forward: udp dport 53 drop",
        [{ cause: "rule", packets: 300 }],
      ],
      [
        "ip/office/forward/2",
        "loss",
        100,
        "100 packets in 2.0 s from inside hosts to others dropped by rule handle 2 of chain ip office forward: udp dport 25 drop",
        [{ cause: "rule", packets: 100 }],
      ],
    ],
  );
  assert.deepEqual(found[0]?.fixes[0]?.commands, [
    "nft -a list chain ip office forward",
    "nft delete rule ip office forward handle 3",
  ]);
});

test("a policy", () => {
  const [found] = mode.examine(looked(nft("drop"), dropped(400, {})));
  assert.equal(found?.evidence[0]?.what, "policy drop of chain ip office forward");
  assert.equal(found?.fixes[0]?.commands?.[1], "nft add rule ip office forward WHAT-MAY-PASS accept");
});

test("a rule of the older packet filter, by its counter", () => {
  const rules = legacy("-A FORWARD -p udp -m udp --dport 53 -j DROP");
  const changes = {
    drops: [drop("hook", 400, { location: "nf_hook_slow" })],
    headers: [header("conntrack", { location: "nf_hook_slow" })],
    deltas: { "rule.legacy-ip/filter/FORWARD/1.packets": 390 },
  };
  const [found] = mode.examine(looked(rules, changes));
  assert.equal(found?.evidence[0]?.what, "rule 1 of chain FORWARD in table filter of iptables-legacy");
  assert.deepEqual([found?.lostPackets, found?.explains], [390, [{ cause: "hook", packets: 390 }]]);
});

const ERRANDS: readonly [string, Partial<DroppedHeader>, string][] = [
  ["from an inside host", {}, "loss"],
  ["to a forwarded port", { source: "8.8.8.8", destination: "10.64.1.9", interface: "wan" }, "loss"],
  ["to another inside network from the internet's addresses", { source: "8.8.8.8", interface: "wan" }, "note"],
  ["multicast", { destination: "239.255.255.250" }, "note"],
  [
    "part of a connection",
    {
      source: "8.8.8.8",
      interface: "wan",
      translation: {
        before: { source: "8.8.8.8", sourcePort: 53, destination: "203.0.113.10", destinationPort: 40_000 },
        after: { source: "8.8.8.8", sourcePort: 53, destination: "10.64.1.9", destinationPort: 40_000 },
      },
    },
    "loss",
  ],
];

for (const [name, more, severity] of ERRANDS) {
  test(`${name}: ${severity}`, () => {
    assert.deepEqual(
      mode.examine(looked(nft("drop"), dropped(400, more))).map((found) => found.severity),
      [severity],
    );
  });
}

test("scanners that a firewall keeps off the gateway are explained, and no more than a note", () => {
  const rules = legacy();
  const changes = {
    drops: [drop("hook", 400)],
    headers: [
      header("conntrack", {
        source: "8.8.8.8",
        destination: "203.0.113.2",
        interface: "wan",
        location: "nf_hook_slow",
      }),
    ],
    deltas: { "rule.legacy-ip/filter/INPUT/policy.packets": 400 },
  };
  const [found] = mode.examine(looked(rules, changes));
  assert.deepEqual([found?.severity, found?.lostPackets, found?.explains?.[0]?.packets], ["note", 0, 400]);
});

const SILENT: readonly [string, SignalChanges, Ruleset][] = [
  ["nothing dropped", {}, nft("drop", 53)],
  ["a few packets", dropped(8, {}), nft("drop")],
  [
    "a full table where a rule would have dropped perhaps",
    { drops: [drop("table-full", 400)], headers: [header("conntrack", { location: "nf_hook_slow" })] },
    nft("drop"),
  ],
];

for (const [name, changes, rules] of SILENT) {
  test(`silent: ${name}`, () => assert.deepEqual(mode.examine(looked(rules, changes)), []));
}
