import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConnectionTarget, type ConnectionTarget } from "./connection-target.ts";

const ENDS = { source: "10.64.1.9", sourcePort: 40_000, destination: "198.51.100.80", destinationPort: 443 };

const CASES: readonly (readonly [text: string, target: ConnectionTarget])[] = [
  ["10.64.1.9", { kind: "address", address: "10.64.1.9" }],
  ["10.64.1.9:40000 198.51.100.80:443 tcp", { kind: "connection", protocol: 6, tuple: ENDS }],
  ["10.64.1.9:40000>198.51.100.80:443/tcp", { kind: "connection", protocol: 6, tuple: ENDS }],
  ["10.64.1.9:40000 -> 198.51.100.80:443 UDP", { kind: "connection", protocol: 17, tuple: ENDS }],
  ["10.64.1.9:40000 > 198.51.100.80:443", { kind: "connection", tuple: ENDS }],
  ["10.64.1.9 198.51.100.80:443 tcp", { kind: "connection", protocol: 6, tuple: { ...ENDS, sourcePort: 50_000 } }],
  [
    "10.64.1.9 198.51.100.80 icmp",
    { kind: "connection", protocol: 1, tuple: { ...ENDS, sourcePort: 0, destinationPort: 2048 } },
  ],
  [
    "10.64.1.9 198.51.100.80 gre",
    { kind: "connection", protocol: 47, tuple: { ...ENDS, sourcePort: 0, destinationPort: 0 } },
  ],
  [
    "tcp      6 431999 ESTABLISHED src=10.64.1.9 dst=198.51.100.80 sport=40000 dport=443 src=198.51.100.80 dst=203.0.113.11 sport=443 dport=2345 [ASSURED] mark=0 use=1",
    { kind: "connection", protocol: 6, tuple: ENDS },
  ],
  [
    "    [NEW] udp      17 30 src=10.64.1.9 dst=198.51.100.80 sport=40000 dport=443 [UNREPLIED] src=198.51.100.80 dst=203.0.113.11 sport=443 dport=40000",
    { kind: "connection", protocol: 17, tuple: ENDS },
  ],
  [
    "icmp     1 29 src=10.64.1.9 dst=198.51.100.80 type=8 code=0 id=77 src=198.51.100.80 dst=203.0.113.11 type=0 code=0 id=77 mark=0 use=1",
    { kind: "connection", protocol: 1, tuple: { ...ENDS, sourcePort: 77, destinationPort: 2048 } },
  ],
];

for (const [text, target] of CASES) {
  test(`reads ${text.trim()}`, () => {
    assert.deepEqual(parseConnectionTarget(text), target);
  });
}

for (const text of [
  "",
  "10.64.1",
  "10.64.1.9:40000",
  "10.64.1.9:70000 198.51.100.80:443 tcp",
  "10.64.1.9:1 198.51.100.80 tcp",
  "10.64.1.9:1 198.51.100.80:2 quic",
  "2001:db8::1",
  "tcp 6 src=10.64.1.9",
  "src=10.64.1.9 dst=198.51.100.80 sport=1 dport=2",
]) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseConnectionTarget(text), /names no connection of IPv4/);
  });
}
