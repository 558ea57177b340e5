import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "../../diagnose/rules/address.ts";
import { answersTo, exemptionsFor, joinExemptions } from "./exemption.ts";

const address = fc.bigInt({ min: 0n, max: 0xffffffffn });

test("a span becomes the prefixes that make it up, or any address if they are many", () => {
  fc.assert(
    fc.property(address, fc.bigInt({ min: 0n, max: 300n }), (low, more) => {
      const high = low + more > 0xffffffffn ? 0xffffffffn : low + more;
      const found = exemptionsFor({ sources: [{ low, high }] }, "ip", 6).map(({ source }) => source);
      if (found.includes(undefined)) return;
      const spans = found.map((prefix) => {
        const [first = "", length = ""] = prefix?.split("/") ?? [];
        const from = parseAddress(first)?.value ?? -1n;
        return { from, to: from + (1n << BigInt(32 - Number(length))) - 1n };
      });
      assert.equal(spans[0]?.from, low);
      assert.equal(spans.at(-1)?.to, high);
      for (const [index, { from }] of spans.entries())
        if (index > 0) assert.equal(from, (spans[index - 1]?.to ?? 0n) + 1n);
    }),
  );
  const [all] = exemptionsFor({ sources: [{ low: 1n, high: 0xfffffffen }] }, "ip", 6);
  assert.deepEqual(all, { family: "ip", protocol: 6 });
});

test("addresses, protocols and interfaces are combined, and the longer list gives way", () => {
  const one = (low: bigint): { low: bigint; high: bigint } => ({ low, high: low });
  assert.deepEqual(
    exemptionsFor({ sources: [one(1n)], destinations: [one(2n)], inInterfaces: ["a", "b"] }, "ip", 17),
    ["a", "b"].map((inInterface) => ({
      family: "ip",
      source: "0.0.0.1/32",
      destination: "0.0.0.2/32",
      protocol: 17,
      inInterface,
    })),
  );
  const many = [10n, 20n, 30n, 40n].map(one);
  const wide = exemptionsFor({ sources: [1n, 5n, 9n].map(one), destinations: many }, "ip", 17);
  assert.deepEqual(
    wide.map(({ source, destination }) => [source, destination]),
    [
      ["0.0.0.1/32", undefined],
      ["0.0.0.5/32", undefined],
      ["0.0.0.9/32", undefined],
    ],
  );
});

test("what holds for both protocols or families is said once, and what another takes in not at all", () => {
  const scope = { outInterfaces: ["eth0"] };
  const both = [...exemptionsFor(scope, "ip", 6), ...exemptionsFor(scope, "ip", 17)];
  assert.deepEqual(joinExemptions(both), [{ family: "ip", outInterface: "eth0" }]);
  assert.deepEqual(joinExemptions([...both, ...exemptionsFor(scope, "ip6", 6), ...exemptionsFor(scope, "ip6", 17)]), [
    { outInterface: "eth0" },
  ]);
  assert.deepEqual(joinExemptions([...both, { family: "ip" }, { family: "ip", source: "10.0.0.0/8" }]), [
    { family: "ip" },
  ]);
});

test("of ports and addresses that are too many together, the longest list gives way", () => {
  const span = (low: bigint, high = low): { low: bigint; high: bigint } => ({ low, high });
  const scope = {
    sources: [span(1n), span(3n)],
    sourcePorts: [span(53n)],
    destinationPorts: [80n, 443n, 8000n, 8080n, 9000n].map((port) => span(port, port + 1n)),
  };
  assert.deepEqual(exemptionsFor({ destinationPorts: scope.destinationPorts }, "ip", 6).length, 5);
  assert.deepEqual(
    exemptionsFor(scope, "ip", 17),
    ["0.0.0.1/32", "0.0.0.3/32"].map((source) => ({ family: "ip", protocol: 17, source, sourcePorts: "53" })),
  );
});

test("answers come from where the packets go, by any interface", () => {
  const span = { low: 1n, high: 1n };
  assert.deepEqual(answersTo({ sources: [span], inInterfaces: ["eth0"] }), { destinations: [span] });
  const port = { low: 80n, high: 80n };
  assert.deepEqual(answersTo({ destinationPorts: [port], sourcePorts: [span] }), {
    sourcePorts: [port],
    destinationPorts: [span],
  });
});
