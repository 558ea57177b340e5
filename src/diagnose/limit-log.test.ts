import assert from "node:assert/strict";
import { test } from "node:test";
import { signals } from "../../test/fixtures/signals.ts";
import { limitLog, loggingRules } from "./limit-log.ts";
import { readRuleset } from "./rules/read-ruleset.ts";

const TEXTS = {
  "rule.ip/filter/forward/7": 'udp dport 53 counter log prefix "dns: "',
  "rule.ip/filter/forward/8": 'counter limit rate 3/minute log prefix "[UFW BLOCK] "',
  "rule.ip/filter/forward/9": "counter log group 2",
  "rule.ip/filter/forward/10": "counter drop",
  "rule.legacy-ip/filter/FORWARD/3": "-p udp -j LOG --log-prefix dns",
  "rule.legacy-ip/filter/FORWARD/4": "-p udp -m limit --limit 3/min -j LOG",
  "counter.ip/filter/log": "counter log",
};

test("by their texts: rules that log, without a limit, and not to a program", () => {
  assert.deepEqual(
    loggingRules(signals({ texts: TEXTS })).map(({ id, program, place }) => [id, program, place]),
    [
      ["ip/filter/forward/7", "nft", "7"],
      ["legacy-ip/filter/FORWARD/3", "iptables-legacy", "3"],
    ],
  );
});

test("by the rules themselves, where they are known: also those that count nothing", () => {
  const saved = `*filter
:FORWARD ACCEPT [0:0]
[0:0] -A FORWARD -p udp -m limit --limit 3/min -j LOG
[0:0] -A FORWARD -p udp -m udp --dport 53 -j LOG --log-prefix dns
COMMIT
`;
  const rules = readRuleset({
    nft: [],
    nftTexts: new Map(),
    elements: new Map(),
    saved: { "iptables-legacy": saved },
  });
  const [found, ...more] = loggingRules({ ...signals({ texts: TEXTS }), rules });
  assert.deepEqual(more, []);
  assert.equal(found?.id, "legacy-ip/filter/FORWARD/2");
  assert.deepEqual(limitLog(found), [
    "iptables-legacy -t filter -L FORWARD --line-numbers    # is it still number 2?",
    "iptables-legacy -t filter -R FORWARD 2 -p udp -m udp --dport 53 -m limit --limit 5/second --limit-burst 20 -j LOG --log-prefix dns",
  ]);
});

const SPLIT: readonly (readonly [string, string, string])[] = [
  [
    'udp dport 53 counter log prefix "dns: "',
    'udp dport 53 limit rate 5/second burst 20 packets log prefix "dns: "',
    "udp dport 53 counter",
  ],
  [
    'ct state invalid log prefix "bad: " level warn flags all counter drop',
    'ct state invalid limit rate 5/second burst 20 packets log prefix "bad: " level warn flags all',
    "ct state invalid counter drop",
  ],
  ["counter log", "limit rate 5/second burst 20 packets log", "counter"],
];

for (const [text, logs, does] of SPLIT) {
  test(`${text}: what it does is not limited`, () => {
    assert.deepEqual(limitLog({ id: "ip/filter/forward/7", text, program: "nft", place: "7" }), [
      `nft 'insert rule ip filter forward position 7 ${logs}'`,
      `nft 'replace rule ip filter forward handle 7 ${does}'`,
    ]);
  });
}

test("a rule that nft writes in a way we do not know: no command", () => {
  assert.deepEqual(limitLog({ id: "ip/filter/forward/7", text: "xt LOG", program: "nft", place: "7" }), []);
});
