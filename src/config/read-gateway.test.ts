import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIpv4 } from "../address/ipv4.ts";
import { arbitraryGateway, arbitraryGatewayFile, arbitraryStyle } from "../../test/arbitrary/gateway.ts";
import { gatewayYaml } from "../../test/arbitrary/gateway-yaml.ts";
import { formatProblem, formatProblems } from "./format-problem.ts";
import type { Gateway } from "./gateway.ts";
import { locateProblems, readGateway, type GatewayReading } from "./read-gateway.ts";

const SMALLEST = "version: 1\nname: a\nlinks: { wan: {} }\n";

test("any gateway written as YAML reads back equal", () => {
  fc.assert(
    fc.property(arbitraryGateway(), arbitraryStyle(), (gateway, style) => {
      const text = gatewayYaml(gateway, style);
      deepEqual(accepted(readGateway(text), text), gateway);
    }),
    { numRuns: 200 },
  );
});

test("no text and no bytes make it throw", () => {
  const inLine = fc.stringMatching(/^[-\w:#&*!|>'"%@`{}[\],.? \t/]{0,30}$/);
  const lines = fc.array(inLine, { maxLength: 12 }).map((texts) => texts.join("\n"));
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), doesNotThrow), { numRuns: 500 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), doesNotThrow), { numRuns: 500 });
  fc.assert(fc.property(lines, doesNotThrow), { numRuns: 1000 });
});

test("a valid file with a piece cut out or doubled never makes it throw", () => {
  const damaged = fc.tuple(arbitraryGatewayFile(), fc.nat(5000), fc.nat(30), fc.boolean(), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(damaged, ([text, start, count, doubles, extra]) => {
      const at = start % text.length;
      const reading = readGateway(
        text.slice(0, at) + extra + text.slice(doubles ? Math.max(0, at - count) : at + count),
      );
      if ("problems" in reading) ok(formatProblems(reading.problems).includes("error["));
    }),
    { numRuns: 500 },
  );
});

test("what the file leaves out has its default", () => {
  const text = `version: 1
name: home
links:
  eth0: { gateway: 192.0.2.1 }
  lan:
pools: { public: { addresses: 198.51.100.1 } }
source-nat: [{ name: everyone, from: 192.168.1.0/24, to: public }]
static-nat: [{ public: 198.51.100.8/30, private: 192.168.1.8-192.168.1.11 }]
twice-nat:
capacity: { bandwidth: 10gbit, timeouts: { udp: 1m30s } }
`;
  const { links, pools, sourceNat, staticNat, capacity, fastPath } = accepted(readGateway(text), text);
  const one = { first: 0xc6336401, last: 0xc6336401 };
  deepEqual(
    links.map((link) => [link.name, link.interface, link.addresses]),
    [
      ["eth0", "eth0", []],
      ["lan", "lan", []],
    ],
  );
  deepEqual(pools, [{ name: "public", addresses: [one], ports: { first: 1024, last: 65535 }, reachedBy: "address" }]);
  deepEqual(sourceNat[0], {
    name: "everyone",
    from: [{ first: 0xc0a80100, last: 0xc0a801ff }],
    except: [],
    untranslatedTo: [],
    out: "eth0",
    to: { kind: "pool", pool: "public" },
    ports: {},
  });
  deepEqual([staticNat[0]?.name, staticNat[0]?.out, staticNat[0]?.reachedBy], ["198.51.100.8/30", "eth0", "address"]);
  deepEqual(capacity, {
    connectionsPerSubscriber: 170,
    bandwidth: 10_000_000_000,
    timeouts: { profile: "rfc", seconds: { udp: 90 } },
  });
  deepEqual(fastPath, "off");
});

test("anchors stand for what they name", () => {
  const text = `${SMALLEST}pools: { a: { addresses: &net 198.51.100.0/28, reached-by: route } }
source-nat: [{ name: s, from: 10.0.0.0/8, to: a, out: wan, untranslated-to: *net }]
`;
  const { sourceNat } = accepted(readGateway(text), text);
  deepEqual(formatIpv4(sourceNat[0]?.untranslatedTo[0]?.first ?? 0), "198.51.100.0");
});

test("bytes with a mark, and Windows line ends, are read as they are meant", () => {
  const text = `\ufeff${SMALLEST.replaceAll("\n", "\r\n")}`;
  for (const file of [text, new TextEncoder().encode(text)]) accepted(readGateway(file), text);
});

test("one unreadable entry hides nothing in the others, and brings no complaint of its own absence", () => {
  const text = `version: 1
name: a
links:
  wan: { addresses: 192.0.2.300/24, gateway: 192.0.2.1 }
  lan: { addresses: 10.0.0.1/16 }
pools:
  public: { addresses: 10.0.0.9-10.0.0.3 }
source-nat:
  - { name: s, from: 10.0.0.0/16, out: wan, to: public, except: 10.1.0.1 }
port-forwards:
  - { name: f, listen: 192.0.2.2:80/tcp, to: 10.0.0.2:0 }
`;
  const reading = readGateway(text);
  ok("problems" in reading);
  deepEqual(
    reading.problems.map(({ code, line }) => [code, line]),
    [
      ["bad-address", 4],
      ["reversed-range", 7],
      ["except-outside-from", 9],
      ["bad-port", 11],
    ],
  );
});

test("a misspelt section is one problem, not one for each name that refers to it", () => {
  const text = `version: 1
name: a
links: { wan: { gateway: 192.0.2.300 }, lan: {} }
pool: { public: { addresses: 198.51.100.1 } }
source-nat: [{ name: s, from: 10.0.0.0/8, to: public }]
`;
  deepEqual(codes(readGateway(text)), ["bad-address", "unknown-key"]);
  deepEqual(codes(readGateway(text.replace("links", "link").replace("300", "1"))), ["unknown-key", "unknown-key"]);
  deepEqual(codes(readGateway(text.replace("pool:", "pools: x #").replace("300", "1"))), ["wrong-type"]);
});

test("problems found later get their line and caret from the source map", () => {
  const text = `${SMALLEST}source-nat:\n  - { name: s, from: 10.0.0.0/8, out: wan, to: masquerade }\n  - name: t\n    from: 11.0.0.0/8\n    out: wan\n    to: masquerade\n`;
  const reading = readGateway(text, { fileName: "gw.yaml" });
  ok("gateway" in reading);
  const places: [
    path: (string | number)[],
    at: "key" | "value" | undefined,
    line: number,
    column: number,
    length: number,
  ][] = [
    [["source-nat", 0, "from"], undefined, 5, 22, 10],
    [["source-nat", 0, "from", 0], undefined, 5, 22, 10],
    [["source-nat", 0, "from"], "key", 5, 16, 4],
    [["source-nat", 1], undefined, 6, 5, 7],
    [["source-nat", 1, "ports", "per-subscriber"], undefined, 6, 5, 7],
    [["source-nat"], undefined, 4, 1, 10],
    [["links", "wan"], undefined, 3, 10, 3],
    [["capacity"], undefined, 1, 1, 10],
    [[], undefined, 1, 1, 10],
  ];
  for (const [path, at, line, column, length] of places) {
    const problem = {
      code: "x",
      severity: "warning",
      path,
      message: "M.",
      fix: "F",
      ...(at === undefined ? {} : { at }),
    } as const;
    const [located] = locateProblems(reading.source, [problem]);
    deepEqual([located?.line, located?.column, located?.length], [line, column, length], path.join("."));
  }
  const [located] = locateProblems(reading.source, [
    { code: "small", severity: "warning", path: ["source-nat", 0, "from"], message: "Too small.", fix: "Write more" },
  ]);
  ok(located !== undefined);
  deepEqual(formatProblem(located).split("\n"), [
    "gw.yaml:5:22: warning[small]: Too small.",
    "    5 |   - { name: s, from: 10.0.0.0/8, out: wan, to: masquerade }",
    "      |                      ^^^^^^^^^^",
    "  fix: Write more",
  ]);
});

function doesNotThrow(file: string | Uint8Array): void {
  const reading = readGateway(file);
  ok("gateway" in reading || reading.problems.length > 0);
  if ("problems" in reading) formatProblems(reading.problems);
}

function codes(reading: GatewayReading): string[] {
  return "problems" in reading ? reading.problems.map(({ code }) => code) : [];
}

function accepted(reading: GatewayReading, text: string): Gateway {
  ok("gateway" in reading, `${text}\n${"problems" in reading ? formatProblems(reading.problems) : ""}`);
  return reading.gateway;
}
