import assert from "node:assert/strict";
import { test } from "node:test";
import { readRuleset } from "../read-ruleset.ts";
import { rulesOf, type Rule } from "../ruleset.ts";
import { readOptions } from "./options.ts";
import { splitWords } from "./save-lines.ts";

/** Parts of a rule in short words: questions as iptables writes them, a star before those that nobody can answer. */
function inShort(rule: Rule): string[] {
  return rule.parts.map((part) => {
    if (part.kind === "match") return `${part.match.kind === "unknown" ? "*" : ""}${part.match.text}`;
    return JSON.stringify(part.action, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
  });
}

function onlyRule(line: string): Rule {
  const saved = { "iptables-legacy": `*filter\n:X - [0:0]\n[3:180] -A X ${line}\nCOMMIT\n` };
  const ruleset = readRuleset({ nft: [], nftTexts: new Map(), elements: new Map(), saved });
  const [rule, ...rest] = rulesOf(ruleset);
  assert.ok(rule !== undefined && rest.length === 0);
  assert.deepEqual(ruleset.unread, []);
  return rule;
}

const COUNTER = '{"kind":"counter"}';
const range = (low: number, high = low): string =>
  `{"kind":"literal","pattern":{"kind":"range","low":${low},"high":${high}}}`;

test("a line of iptables-save is read into what it asks and does", () => {
  for (const [line, parts] of [
    ["-j DROP", [COUNTER, '{"kind":"drop"}']],
    ["-s 10.0.0.0/255.0.0.0 ! -o eth+ -j ACCEPT", ["-s 10.0.0.0/255.0.0.0", "! -o eth+", COUNTER, '{"kind":"accept"}']],
    [
      "-p tcp -m tcp ! --dport 80:90 -g Y",
      ["-p tcp", "! --dport 80:90", COUNTER, '{"kind":"goto","chain":"legacy-ip/filter/Y"}'],
    ],
    ['-m comment --comment "a -j DROP" -j RETURN', [COUNTER, '{"kind":"return"}']],
    ["-m set --match-set bad src -j DROP", ["*-m set --match-set bad src", COUNTER, '{"kind":"drop"}']],
    [
      "-m set ! --match-set bad src,dst -m time --timestart 08:00 -j DROP",
      ["*-m set ! --match-set bad src,dst", "*-m time --timestart 08:00", COUNTER, '{"kind":"drop"}'],
    ],
    ["-m socket -j ACCEPT", ["*-m socket", COUNTER, '{"kind":"accept"}']],
    ["-m frobnicate --level 3 --deep -j ACCEPT", ["*-m frobnicate --level 3 --deep", COUNTER, '{"kind":"accept"}']],
    [
      '-m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "-x "',
      [
        '{"kind":"limit","text":"--limit 3/min --limit-burst 10"}',
        COUNTER,
        '{"kind":"log","limited":true,"prefix":"-x "}',
      ],
    ],
    ["-j LOG", [COUNTER, '{"kind":"log","limited":false}']],
    ["-j REJECT --reject-with tcp-reset", [COUNTER, '{"kind":"reject","with":"tcp-reset"}']],
    ["-j NFQUEUE --queue-num 4 --queue-bypass", [COUNTER, '{"kind":"queue","number":"4"}']],
    [
      "-j SNAT --to-source 192.0.2.1-192.0.2.9:1024-2047 --persistent",
      [
        COUNTER,
        `{"kind":"snat","address":${range(0xc0000201, 0xc0000209)},"port":${range(1024, 2047)},"flags":["persistent"]}`,
      ],
    ],
    ["-j DNAT --to-destination :8080", [COUNTER, `{"kind":"dnat","port":${range(8080)},"flags":[]}`]],
    ["-j MASQUERADE --random-fully", [COUNTER, '{"kind":"masquerade","flags":["random-fully"]}']],
    ["-j REDIRECT --to-ports 3128", [COUNTER, `{"kind":"redirect","port":${range(3128)},"flags":[]}`]],
    ["-j CT --zone 5", [COUNTER, `{"kind":"set-ct-zone","value":${range(5)}}`]],
    ["-j CT --notrack", [COUNTER, '{"kind":"notrack"}']],
    ["-j CT --helper sip", [COUNTER, '{"kind":"helper","name":"sip"}']],
    ["-j CT --timeout long", [COUNTER, '{"kind":"ct-timeout","name":"long"}']],
    ["-j TCPMSS --clamp-mss-to-pmtu", [COUNTER, '{"kind":"mss-clamp"}']],
    ["-j TCPMSS --set-mss 1360", [COUNTER, '{"kind":"mss-clamp","size":1360}']],
    ["-j CHECKSUM --checksum-fill", [COUNTER, '{"kind":"other","text":"CHECKSUM --checksum-fill"}']],
    ["", [COUNTER]],
  ] as const) {
    assert.deepEqual(inShort(onlyRule(line)), parts, line);
  }
});

test("a rule keeps its words, numbers, counters and comment", () => {
  const { parts: _, ...rule } = onlyRule('-s 10.0.0.1/32 -m comment --comment "a \\"b\\" c" -j ACCEPT');
  assert.deepEqual(rule, {
    id: "legacy-ip/filter/X/1",
    program: "iptables-legacy",
    family: "ip",
    table: "filter",
    chain: "X",
    chainId: "legacy-ip/filter/X",
    number: 1,
    count: { packets: 3, bytes: 180 },
    text: '-s 10.0.0.1/32 -m comment --comment "a \\"b\\" c" -j ACCEPT',
    comment: 'a "b" c',
  });
});

test("built-in chains have a hook, a priority, a policy and its counter", () => {
  const saved = {
    "iptables-legacy": "*nat\n:POSTROUTING DROP [4:5]\n:OWN - [0:0]\nCOMMIT\n*mangle\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n",
  };
  const { chains } = readRuleset({ nft: [], nftTexts: new Map(), elements: new Map(), saved });
  assert.deepEqual(
    [...chains.values()].map(({ id, base, policyCount }) => [id, base, policyCount]),
    [
      [
        "legacy-ip/nat/POSTROUTING",
        { type: "nat", hook: "postrouting", priority: 100, policy: "drop" },
        { packets: 4, bytes: 5 },
      ],
      ["legacy-ip/nat/OWN", undefined, undefined],
      [
        "legacy-ip/mangle/OUTPUT",
        { type: "route", hook: "output", priority: -150, policy: "accept" },
        { packets: 0, bytes: 0 },
      ],
    ],
  );
});

test("a line that is none of iptables-save's is told", () => {
  const saved = { "iptables-legacy": "*filter\nnonsense\nCOMMIT\n" };
  assert.deepEqual(readRuleset({ nft: [], nftTexts: new Map(), elements: new Map(), saved }).unread, [
    "iptables-legacy-save: nonsense",
  ]);
});

test("words are split as iptables-restore splits them", () => {
  assert.deepEqual(splitWords('-m comment --comment "a b" -j X'), ["-m", "comment", "--comment", "a b", "-j", "X"]);
  assert.deepEqual(splitWords(String.raw`--comment "say \"hi\" \\ there"`), [
    "--comment",
    String.raw`say "hi" \ there`,
  ]);
});

test("options know their module, their values and whether they are negated", () => {
  assert.deepEqual(readOptions(splitWords("-p tcp -m tcp ! --tcp-flags SYN,ACK SYN -j MARK --set-xmark 0x1/0x1")), {
    matches: [
      { name: "-p", negated: false, values: ["tcp"], module: "" },
      { name: "-m", negated: false, values: ["tcp"], module: "tcp" },
      { name: "--tcp-flags", negated: true, values: ["SYN,ACK", "SYN"], module: "tcp" },
    ],
    target: {
      name: "MARK",
      goto: false,
      options: [{ name: "--set-xmark", negated: false, values: ["0x1/0x1"], module: "tcp" }],
    },
  });
});
