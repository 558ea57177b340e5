import assert from "node:assert/strict";
import { test } from "node:test";
import { forward } from "../../test/fixtures/plan-of.ts";
import type { PortForward } from "../config/gateway.ts";
import { forwardMaps } from "./forwards.ts";

const CASES: readonly {
  what: string;
  forwards: readonly PortForward[];
  exact?: readonly string[];
  ranges?: readonly string[];
}[] = [
  { what: "none", forwards: [] },
  {
    what: "one port to another",
    forwards: [forward("a", "61.138.177.3:8080/tcp", "10.10.0.2:80")],
    exact: ["61.138.177.3 . tcp . 8080 : 10.10.0.2 . 80"],
  },
  {
    what: "one port to itself, both protocols",
    forwards: [forward("a", "61.138.177.3:53/tcp+udp", "10.10.0.2")],
    exact: ["61.138.177.3 . tcp . 53 : 10.10.0.2 . 53", "61.138.177.3 . udp . 53 : 10.10.0.2 . 53"],
  },
  {
    what: "a range to itself",
    forwards: [forward("a", "61.138.177.3:20000-20100/tcp+udp", "10.10.0.7")],
    ranges: ["61.138.177.3 . tcp . 20000-20100 : 10.10.0.7", "61.138.177.3 . udp . 20000-20100 : 10.10.0.7"],
  },
  {
    what: "a shifted range, port by port",
    forwards: [forward("a", "61.138.177.3:20000-20002/udp", "10.10.0.7:30000-30002")],
    exact: [
      "61.138.177.3 . udp . 20000 : 10.10.0.7 . 30000",
      "61.138.177.3 . udp . 20001 : 10.10.0.7 . 30001",
      "61.138.177.3 . udp . 20002 : 10.10.0.7 . 30002",
    ],
  },
  {
    what: "the first of two that listen on the same port",
    forwards: [forward("a", "61.138.177.3:80/tcp", "10.10.0.2"), forward("b", "61.138.177.3:80/tcp+udp", "10.10.0.3")],
    exact: ["61.138.177.3 . tcp . 80 : 10.10.0.2 . 80", "61.138.177.3 . udp . 80 : 10.10.0.3 . 80"],
  },
];

for (const { what, forwards, exact, ranges } of CASES) {
  test(`port forwards: ${what}`, () => {
    const { sets, rules } = forwardMaps(forwards);
    const key = "ipv4_addr . inet_proto . inet_service";
    const lookup = "meta l4proto { tcp, udp } dnat ip to ip daddr . meta l4proto . th dport map";
    assert.deepEqual(
      sets.map((set) => [set.name, set.key, set.data, set.flags, set.elements]),
      [
        ...(exact === undefined ? [] : [["forwards", key, "ipv4_addr . inet_service", [], exact]]),
        ...(ranges === undefined ? [] : [["forward_ranges", key, "ipv4_addr", ["interval"], ranges]]),
      ],
    );
    assert.deepEqual(rules, [
      ...(exact === undefined ? [] : [`${lookup} @forwards`]),
      ...(ranges === undefined ? [] : [`${lookup} @forward_ranges`]),
    ]);
  });
}
