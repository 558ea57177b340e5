import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, flow, header, signals, state, type SignalChanges } from "../../../test/fixtures/signals.ts";
import type { FlowSignal } from "../../diagnose/signals/table.ts";
import { mode } from "./helper-missing.ts";

const to = (protocol: number, port: number, more: Partial<FlowSignal> = {}): FlowSignal =>
  flow({
    protocol,
    original: { source: "10.64.1.9", sourcePort: 4000, destination: "198.51.100.9", destinationPort: port },
    reply: { source: "198.51.100.9", sourcePort: port, destination: "203.0.113.10", destinationPort: 4000 },
    ...more,
  });

/** A server inside, behind a port forward. */
const forwarded = flow({
  original: { source: "198.51.100.9", sourcePort: 4000, destination: "203.0.113.2", destinationPort: 21 },
  reply: { source: "10.64.9.10", sourcePort: 21, destination: "198.51.100.9", destinationPort: 4000 },
  status: ["seen-reply", "assured", "dnat"],
});

const asked = (key: string, ...flows: FlowSignal[]): SignalChanges => ({
  table: { helperPorts: [{ key, count: 12 }], withoutHelper: flows },
});

const TABLE: readonly (readonly [string, SignalChanges, string | undefined, string?])[] = [
  ["a healthy gateway", {}, undefined],
  ["a helper at work", { table: { helpers: [{ key: "ftp", count: 9 }] } }, undefined],
  [
    "a few on FTP's port among a million",
    { table: { entries: 1_000_000, helperPorts: [{ key: "tcp/21", count: 40 }] } },
    undefined,
  ],
  ["requests of TFTP that nobody answers", asked("udp/69", to(17, 69)), undefined],
  [
    "NetBIOS, which no NAT lets through in a useful way",
    { table: { helperPorts: [{ key: "udp/137", count: 12 }], withoutHelper: [to(17, 137)] } },
    undefined,
  ],
  [
    "clients of FTP servers outside: passive transfers work",
    asked("tcp/21", to(6, 21)),
    "note",
    "12 FTP connections without a helper: may fail: active transfers of clients behind NAT, and passive ones from servers behind a port forward",
  ],
  [
    "an FTP server behind a port forward",
    asked("tcp/21", forwarded),
    "degraded",
    "12 FTP connections without a helper: clients of 10.64.9.10 are told its inside address",
  ],
  [
    "TFTP whose answers are dropped",
    {
      ...asked("udp/69", to(17, 69, { status: ["snat"] })),
      drops: [drop("no-socket", 40)],
      headers: [
        header("no-socket", {
          source: "198.51.100.9",
          sourcePort: 40_001,
          destination: "203.0.113.10",
          destinationPort: 4000,
        }),
        header("no-socket", { source: "192.0.2.77", destination: "203.0.113.10" }),
      ],
    },
    "degraded",
    "12 TFTP connections without a helper: the answers are dropped, as those of 198.51.100.9",
  ],
  ["PPTP, one client to a server", asked("tcp/1723", to(6, 1723)), "note"],
  [
    "PPTP whose tunnels get no answer",
    {
      table: {
        helperPorts: [{ key: "tcp/1723", count: 12 }],
        withoutHelper: [to(6, 1723)],
        states: [state({ protocol: 47, count: 5, unreplied: 4 })],
      },
    },
    "degraded",
    "12 PPTP connections without a helper: 4 tunnels get no answer",
  ],
  ["phones, most of which know of NAT", asked("udp/5060", to(17, 5060)), "note"],
];

for (const [name, changes, severity, summary] of TABLE) {
  test(`${name}: ${severity ?? "nothing"}`, () => {
    const [found, ...more] = mode.examine(signals(changes));
    assert.deepEqual(more, []);
    assert.equal(found?.severity, severity);
    if (summary !== undefined) assert.equal(found?.summary, summary);
  });
}

test("the fix loads the helper and assigns it by a rule of its own table", () => {
  const [found] = mode.examine(signals(asked("tcp/21", forwarded)));
  assert.deepEqual(found?.fixes[0]?.commands, [
    "modprobe nf_nat_ftp",
    `nft 'table ip helpers { ct helper ftp { type "ftp" protocol tcp; }; chain prerouting { type filter hook prerouting priority filter; tcp dport 21 ct helper set "ftp"; }; }'`,
  ]);
  assert.equal(found.fixes[0].safe, undefined);
});
