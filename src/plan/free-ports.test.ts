import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPortRange } from "../address/port-range.ts";
import { ports } from "../../test/fixtures/gateways.ts";
import { freePorts } from "./free-ports.ts";

test("the largest run of ports in which nothing listens", () => {
  const table: [listening: string[], free: string | undefined][] = [
    [[], "1024-65535"],
    [["80", "443"], "1024-65535"],
    [["1024"], "1025-65535"],
    [["65535"], "1024-65534"],
    [["8080"], "8081-65535"],
    [["8080", "40000"], "8081-39999"],
    [["40000", "8080"], "8081-39999"],
    [["20000-20100", "20050-60000"], "1024-19999"],
    [["1000-2000", "60000-65535"], "2001-59999"],
    // Two runs of the same length: the higher.
    [["1024-2023", "3024-65535", "2500"], "2501-3023"],
    [["33280"], "1024-33279"],
    [["1-65535"], undefined],
    [["1024-30000", "30001-65535"], undefined],
  ];
  for (const [listening, free] of table) {
    const elsewhere = { address: 2, ports: ports("5000-50000") };
    const found = freePorts(ports("1024-65535"), 1, [
      elsewhere,
      ...listening.map((l) => ({ address: 1, ports: ports(l) })),
    ]);
    assert.equal(found === undefined ? undefined : formatPortRange(found), free, listening.join());
  }
});
