import assert from "node:assert/strict";
import { test } from "node:test";
import { readRuleset } from "../read-ruleset.ts";
import type { Part } from "../statement.ts";
import { readParts } from "./read-rule.ts";

const TABLE = { family: "ip", table: "t" };

/** A part as JSON, without the text of questions. */
function inShort(part: Part): string {
  const inner = part.kind === "match" ? part.match : part.action;
  return JSON.stringify(inner, (key, value: unknown) => {
    if (key === "text" && part.kind === "match" && part.match.kind !== "unknown") return undefined;
    return typeof value === "bigint" ? Number(value) : value;
  });
}

/** What nft 1.0.6 prints for one expression, and what it is read as. */
const CASES: readonly (readonly [string, object, string])[] = [
  [
    "ct state established,related",
    { match: { op: "in", left: { ct: { key: "state" } }, right: ["established", "related"] } },
    '{"kind":"compare","left":{"kind":"field","name":"ct-state","datatype":"ct-state"},"right":{"elements":[{"key":{"kind":"range","low":6,"high":6}}]},"op":"overlap","negated":false}',
  ],
  [
    "ct original ip saddr 192.0.2.1",
    { match: { op: "==", left: { ct: { key: "ip saddr", dir: "original" } }, right: "192.0.2.1" } },
    '{"kind":"compare","left":{"kind":"field","name":"ct-original-source","datatype":"address"},"right":{"elements":[{"key":{"kind":"range","low":3221225985,"high":3221225985}}]},"op":"equal","negated":false}',
  ],
  [
    "tcp sport != 1-5",
    { match: { op: "!=", left: { payload: { protocol: "tcp", field: "sport" } }, right: { range: [1, 5] } } },
    '{"kind":"compare","left":{"kind":"field","name":"source-port","datatype":"port","protocols":[6]},"right":{"elements":[{"key":{"kind":"range","low":1,"high":5}}]},"op":"equal","negated":true}',
  ],
  [
    "iifname docker*",
    { match: { op: "==", left: { meta: { key: "iifname" } }, right: "docker*" } },
    '{"kind":"compare","left":{"kind":"field","name":"in-interface","datatype":"interface"},"right":{"elements":[{"key":{"kind":"name","name":"docker","prefix":true}}]},"op":"equal","negated":false}',
  ],
  [
    "ip saddr @a",
    { match: { op: "==", left: { payload: { protocol: "ip", field: "saddr" } }, right: "@a" } },
    '{"kind":"compare","left":{"kind":"field","name":"source","datatype":"address","family":"ip"},"right":{"set":"ip/t/a"},"op":"equal","negated":false}',
  ],
  [
    "fib saddr . iif oif missing",
    { match: { op: "==", left: { fib: { result: "oif", flags: ["saddr", "iif"] } }, right: false } },
    String.raw`{"kind":"unknown","text":"{\"op\":\"==\",\"left\":{\"fib\":{\"result\":\"oif\",\"flags\":[\"saddr\",\"iif\"]}},\"right\":false}"}`,
  ],
  ["xt match recent", { xt: { type: "match", name: "recent" } }, '{"kind":"unknown","text":"xt match recent"}'],
  [
    "meta mark set meta mark | 0x4000",
    { mangle: { key: { meta: { key: "mark" } }, value: { "|": [{ meta: { key: "mark" } }, 16_384] } } },
    '{"kind":"set-mark","value":{"kind":"bits","op":"or","of":[{"kind":"field","name":"mark","datatype":"mark"},{"kind":"literal","pattern":{"kind":"range","low":16384,"high":16384}}]}}',
  ],
  [
    "tcp option maxseg size set rt mtu",
    { mangle: { key: { "tcp option": { name: "maxseg", field: "size" } }, value: { rt: { key: "mtu" } } } },
    '{"kind":"mss-clamp"}',
  ],
  [
    "dnat ip to ip daddr map { 192.0.2.1 : 10.0.0.1 . 80 }",
    {
      dnat: {
        family: "ip",
        addr: {
          map: {
            key: { payload: { protocol: "ip", field: "daddr" } },
            data: { set: [["192.0.2.1", { concat: ["10.0.0.1", 80] }]] },
          },
        },
      },
    },
    '{"kind":"dnat","flags":[],"address":{"kind":"map","key":{"kind":"field","name":"destination","datatype":"address","family":"ip"},"in":{"elements":[{"key":{"kind":"range","low":3221225985,"high":3221225985},"data":{"kind":"literal","pattern":{"kind":"tuple","of":[{"kind":"range","low":167772161,"high":167772161},{"kind":"range","low":80,"high":80}]}}}]}}}',
  ],
  [
    "numgen random mod 2 vmap { 0 : jump z, 1 : drop }",
    {
      vmap: {
        key: { numgen: { mode: "random", mod: 2, offset: 0 } },
        data: {
          set: [
            [0, { jump: { target: "z" } }],
            [1, { drop: null }],
          ],
        },
      },
    },
    '{"kind":"verdict-map","key":{"kind":"any-number","below":2},"in":{"elements":[{"key":{"kind":"range","low":0,"high":0},"verdict":{"kind":"jump","chain":"ip/t/z"}},{"key":{"kind":"range","low":1,"high":1},"verdict":{"kind":"drop"}}]}}',
  ],
  [
    "redirect to :80",
    { redirect: { port: 80 } },
    '{"kind":"redirect","flags":[],"port":{"kind":"literal","pattern":{"kind":"range","low":80,"high":80}}}',
  ],
  [
    "masquerade fully-random",
    { masquerade: { flags: "fully-random" } },
    '{"kind":"masquerade","flags":["fully-random"]}',
  ],
  [
    "reject with icmp host-unreachable",
    { reject: { type: "icmp", expr: "host-unreachable" } },
    '{"kind":"reject","with":"icmp host-unreachable"}',
  ],
  ["log prefix x", { log: { prefix: "x", group: 4 } }, '{"kind":"log","limited":false,"prefix":"x","group":4}'],
  ["ct helper set sip", { "ct helper": "sip" }, '{"kind":"helper","name":"sip"}'],
  ["flow add @f", { flow: { op: "add", flowtable: "@f" } }, '{"kind":"offload","flowtable":"f"}'],
  ["what is not known yet", { dance: { tune: 3 } }, String.raw`{"kind":"unknown","text":"dance {\"tune\":3}"}`],
  [
    "a target of iptables",
    { xt: { type: "target", name: "DNAT" } },
    '{"kind":"dnat","address":{"kind":"unknown","text":"xt target DNAT"},"flags":[]}',
  ],
  [
    "a target that changes nothing we look at",
    { xt: { type: "target", name: "LOG" } },
    String.raw`{"kind":"other","text":"{\"xt\":{\"type\":\"target\",\"name\":\"LOG\"}}"}`,
  ],
];

test("expressions of nft's JSON are read", () => {
  for (const [words, expression, expected] of CASES) {
    assert.deepEqual(readParts([expression], TABLE).map(inShort), [expected], words);
  }
});

test("a log behind a limit is limited", () => {
  const parts = readParts([{ limit: { rate: 5, per: "minute" } }, { log: null }], TABLE);
  assert.deepEqual(parts.map(inShort), [
    '{"kind":"limit","text":"{\\"rate\\":5,\\"per\\":\\"minute\\"}"}',
    '{"kind":"log","limited":true}',
  ]);
});

test("chains, rules and sets have stable names, and texts come from nft's list", () => {
  const { chains, sets } = readRuleset({
    nft: [
      { table: { family: "inet", name: "t", handle: 1 } },
      { set: { family: "inet", table: "t", name: "s", type: ["ipv4_addr", "inet_service"] } },
      {
        chain: {
          family: "inet",
          table: "t",
          name: "c",
          handle: 4,
          type: "filter",
          hook: "ingress",
          prio: -5,
          policy: "drop",
          dev: "eth0",
        },
      },
      {
        rule: {
          family: "inet",
          table: "t",
          chain: "c",
          handle: 7,
          comment: "why",
          expr: [{ counter: { packets: 2, bytes: 9 } }, { drop: null }],
        },
      },
    ],
    nftTexts: new Map([["inet/t/7", "counter drop"]]),
    elements: new Map([["inet/t/s", [{ concat: [{ prefix: { addr: "10.0.0.0", len: 8 } }, { range: [80, 90] }] }]]]),
    saved: {},
  });
  const [chain] = chains.values();
  assert.deepEqual(chain?.base, { type: "filter", hook: "ingress", priority: -5, policy: "drop", device: "eth0" });
  assert.deepEqual(
    chain?.rules.map(({ parts, ...rule }) => [rule, parts.length]),
    [
      [
        {
          id: "inet/t/c/7",
          program: "nft",
          family: "inet",
          table: "t",
          chain: "c",
          chainId: "inet/t/c",
          handle: 7,
          number: 1,
          text: "counter drop",
          comment: "why",
          count: { packets: 2, bytes: 9 },
        },
        2,
      ],
    ],
  );
  assert.deepEqual(sets.get("inet/t/s")?.elements, [
    {
      key: {
        kind: "tuple",
        of: [
          { kind: "range", low: 0x0a000000n, high: 0x0affffffn },
          { kind: "range", low: 80n, high: 90n },
        ],
      },
    },
  ]);
});
