import assert from "node:assert/strict";
import { test } from "node:test";
import { flow, signals } from "../../../test/fixtures/signals.ts";
import type { FlowSignal } from "../signals/table.ts";
import { mode } from "./stale-entry.ts";

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
[0:0] -A PREROUTING -d 203.0.113.2/32 -p udp -m udp --dport 5060 -j DNAT --to-destination 10.64.9.10
[0:0] -A POSTROUTING -s 10.64.0.0/16 -o wan -j MASQUERADE
COMMIT
`;

const untranslated = (source: string, more: Partial<FlowSignal> = {}): FlowSignal =>
  flow({
    protocol: 17,
    original: { source, sourcePort: 5000, destination: "198.51.100.9", destinationPort: 4500 },
    reply: { source: "198.51.100.9", sourcePort: 4500, destination: source, destinationPort: 5000 },
    status: [],
    ...more,
  });

const forwarded = (server: string, status: readonly string[] = ["dnat"]): FlowSignal =>
  flow({
    protocol: 17,
    original: { source: "198.51.100.9", sourcePort: 5060, destination: "203.0.113.2", destinationPort: 5060 },
    reply: { source: server, sourcePort: 5060, destination: "198.51.100.9", destinationPort: 5060 },
    status,
  });

test("a connection without source NAT that the rules would translate", () => {
  const [found, ...others] = mode.examine(
    signals({ rules: RULES, table: { untranslated: [untranslated("10.64.1.9")] } }),
  );
  assert.equal(others.length, 0);
  assert.match(found?.summary ?? "", /^1 connection is older than the rules: their source is not translated/);
  assert.equal(found?.evidence[1]?.value, "-s 10.64.0.0/16 -o wan -j MASQUERADE");
  assert.deepEqual(found?.fixes[0]?.safe, [
    {
      kind: "delete-connections",
      filters: [
        {
          protocol: 17,
          source: "10.64.1.9",
          destination: "198.51.100.9",
          sourcePort: 5000,
          destinationPort: 4500,
          without: ["snat"],
        },
      ],
    },
  ]);
});

test("of many, those of the same networks are deleted, and only what lacks translation", () => {
  const table = {
    untranslated: [untranslated("10.64.1.9"), untranslated("10.64.1.7"), untranslated("10.99.0.1")],
    seen: { untranslated: 300, unansweredForwards: 0, oneWay: 0, shadowed: 0, unforwarded: 0 },
  };
  const [found] = mode.examine(signals({ rules: RULES, table }));
  assert.match(found?.summary ?? "", /^200 connections are older/);
  assert.deepEqual(found?.fixes[0]?.safe, [
    { kind: "delete-connections", filters: [{ source: "10.64.1.0/24", without: ["snat"] }] },
  ]);
});

test("a packet to a forwarded port that was not forwarded, and one forwarded to a server of the past", () => {
  const [lacking] = mode.examine(signals({ rules: RULES, table: { unforwarded: [forwarded("203.0.113.2", [])] } }));
  assert.equal(lacking?.subject, "destination");
  const [old] = mode.examine(signals({ rules: RULES, table: { unansweredForwards: [forwarded("10.64.9.77")] } }));
  assert.equal(old?.subject, "target");
  assert.deepEqual(old.fixes[0]?.safe?.[0], {
    kind: "delete-connections",
    filters: [
      {
        protocol: 17,
        source: "198.51.100.9",
        destination: "203.0.113.2",
        sourcePort: 5060,
        destinationPort: 5060,
        replySource: "10.64.9.77",
        with: ["dnat"],
        without: ["seen-reply"],
      },
    ],
  });
});

test("connections that the rules leave alone are no finding", () => {
  const cases = [
    {},
    { table: { untranslated: [untranslated("10.64.1.9")] } },
    // Another source; the other way; a helper's; another zone; IPv6.
    { rules: RULES, table: { untranslated: [untranslated("172.16.0.9")] } },
    {
      rules: RULES,
      table: {
        untranslated: [
          untranslated("10.64.1.9", {
            original: { source: "198.51.100.9", sourcePort: 1, destination: "10.64.1.9", destinationPort: 2 },
          }),
        ],
      },
    },
    { rules: RULES, table: { untranslated: [untranslated("10.64.1.9", { status: ["expected"] })] } },
    { rules: RULES, table: { untranslated: [untranslated("10.64.1.9", { zone: 5 })] } },
    { rules: RULES, table: { untranslated: [untranslated("10.64.1.9", { family: 6 })] } },
    // A rule that may match or not says nothing.
    { rules: RULES.replace("-o wan", "-o wan -m geoip"), table: { untranslated: [untranslated("10.64.1.9")] } },
    // Forwarded as the rule says: the server does not answer.
    { rules: RULES, table: { unansweredForwards: [forwarded("10.64.9.10")] } },
  ];
  for (const changes of cases) assert.deepEqual(mode.examine(signals(changes)), [], JSON.stringify(changes));
});
