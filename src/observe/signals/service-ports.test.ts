import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpv4 } from "../../address/ipv4.ts";
import { ServicePorts } from "./service-ports.ts";

const number = (text: string): number => parseIpv4(text) ?? assert.fail(text);

test("a port is a service's at its address, or at any of the host", () => {
  const address = { first: "203.0.113.3", last: "203.0.113.4" };
  const ports = new ServicePorts(
    [
      { protocol: 17, first: 53, last: 53 },
      { protocol: 6, first: 8000, last: 8002, address, rule: "ip/nat/pre/1" },
      {
        protocol: 6,
        first: 1,
        last: 65_535,
        address: { first: "203.0.113.9", last: "203.0.113.9" },
        rule: "ip/nat/pre/2",
      },
    ],
    new Set([number("203.0.113.2")]),
  );
  const cases: readonly (readonly [number, string, number, has: boolean, forwarded: boolean])[] = [
    [17, "203.0.113.2", 53, true, false],
    [6, "203.0.113.2", 53, false, false],
    [17, "203.0.113.3", 53, false, false],
    [6, "203.0.113.4", 8002, true, true],
    [6, "203.0.113.5", 8002, false, false],
    [6, "203.0.113.4", 8003, false, false],
    [6, "203.0.113.9", 8003, false, true],
    [17, "203.0.113.9", 8003, false, false],
  ];
  for (const [protocol, text, port, has, forwarded] of cases) {
    assert.equal(ports.has(protocol, number(text), port), has, `${protocol} ${text} ${port}`);
    assert.equal(ports.isForwarded(protocol, number(text), port), forwarded, `${protocol} ${text} ${port}`);
  }
});
