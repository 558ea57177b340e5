import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryGateway, arbitraryStyle } from "../../test/arbitrary/gateway.ts";
import { gatewayYaml } from "../../test/arbitrary/gateway-yaml.ts";
import { formatProblems } from "./format-problem.ts";
import { readGateway } from "./read-gateway.ts";

test("any gateway written as YAML reads back equal", () => {
  fc.assert(
    fc.property(arbitraryGateway(), arbitraryStyle(), (gateway, style) => {
      const text = gatewayYaml(gateway, style);
      const reading = readGateway(text);
      ok("gateway" in reading, `${text}\n${"problems" in reading ? formatProblems(reading.problems) : ""}`);
      deepEqual(reading.gateway, gateway);
    }),
    { numRuns: 300 },
  );
});
