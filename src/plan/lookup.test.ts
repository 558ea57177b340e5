import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIpv4 } from "../address/ipv4.ts";
import { countAddresses, formatIpv4Range, rangesContain } from "../address/ipv4-range.ts";
import { formatPortRange } from "../address/port-range.ts";
import type { Gateway } from "../config/gateway.ts";
import { campus, forward, host, ip, ports, prefix, ranges, sourceNat } from "../../test/fixtures/gateways.ts";
import { lookupPublic, lookupSubscriber, type PublicFinding, type SubscriberFinding } from "./lookup.ts";
import { planGateway } from "./plan-gateway.ts";
import type { PublicAddress } from "./plan.ts";

const one = (address: string) => ({ first: ip(address), last: ip(address) });
const place = (mapping: PublicAddress): string => `${formatIpv4(mapping.address)}:${formatPortRange(mapping.ports)}`;

const EVERYTHING: Gateway = campus({
  links: [
    { name: "wan", interface: "bond0", addresses: [prefix("61.138.177.2/27")], gateway: ip("61.138.177.1") },
    { name: "backup", interface: "bond2", addresses: [prefix("62.0.0.2/24")], gateway: ip("62.0.0.1") },
    { name: "lan", interface: "bond1", addresses: [prefix("10.10.0.1/16")] },
  ],
  pools: [
    {
      name: "public",
      addresses: ranges("61.138.177.3-61.138.177.4"),
      ports: ports("1024-65535"),
      reachedBy: "address",
    },
    { name: "guests", addresses: ranges("61.138.177.8-61.138.177.9"), ports: ports("2000-2999"), reachedBy: "address" },
  ],
  sourceNat: [
    sourceNat("10.10.1.0/28", { blocks: 128, except: [one("10.10.1.1")] }),
    sourceNat("10.10.1.0/24", { name: "guests", to: { kind: "pool", pool: "guests" } }),
    sourceNat("10.10.0.0/16", { name: "backup", out: "backup", to: { kind: "masquerade" } }),
  ],
  portForwards: [
    forward("portal", "61.138.177.3:8080/tcp", "10.10.0.2:80"),
    forward("games", "61.138.177.3:20000-20100/udp", "10.10.0.7:30000-30100"),
  ],
  staticNat: [
    {
      name: "mail",
      public: ranges("61.138.177.20-61.138.177.21")[0] ?? one("0.0.0.0"),
      private: ranges("10.10.1.4-10.10.1.5")[0] ?? one("0.0.0.0"),
      out: "wan",
      reachedBy: "address",
    },
  ],
  twiceNat: [
    {
      name: "branch",
      inside: { link: "lan", hosts: prefix("192.168.1.0/24"), seenAs: prefix("10.1.1.0/24") },
      outside: { link: "wan", hosts: prefix("192.168.1.0/24"), seenAs: prefix("10.2.2.0/24") },
    },
  ],
});

function describePublic(finding: PublicFinding): string {
  switch (finding.kind) {
    case "forward":
      return `forward ${finding.rule} to ${formatIpv4(finding.host)}:${finding.port}/${finding.protocol}`;
    case "static":
      return `static ${finding.rule} ${formatIpv4(finding.host)}`;
    case "twice":
      return `twice ${finding.rule} ${formatIpv4(finding.host)} on ${finding.link}`;
    case "subscriber":
      return `subscriber ${formatIpv4(finding.subscriber)} of ${finding.rule} has ${place(finding.mapping)}`;
    case "shared":
      return `shared ${finding.rule} ${finding.candidateCount}${finding.paired ? " paired" : ""}`;
    case "reserved":
      return `reserved ${finding.rule} ${formatPortRange(finding.ports)} ${finding.forwards.join()}`;
    case "gateway":
      return `gateway ${finding.link}`;
    case "free":
    case "unused-port":
      return `${finding.kind} ${finding.rule} ${formatPortRange(finding.ports)}`;
  }
}

function describeSubscriber(finding: SubscriberFinding): string {
  switch (finding.kind) {
    case "block":
      return `block ${finding.rule} ${place(finding.mapping)} by ${finding.out}`;
    case "shared":
      return `shared ${finding.rule} ${finding.mapping === undefined ? "any address" : place(finding.mapping)} by ${finding.out}`;
    case "static":
      return `static ${finding.rule} ${formatIpv4(finding.address)} by ${finding.out}`;
    case "forward":
      return `forward ${finding.rule} ${place(finding.listen)}/${finding.protocol} to ${formatPortRange(finding.ports)}`;
    case "twice":
      return `twice ${finding.rule} ${formatIpv4(finding.address)} by ${finding.link}`;
    case "excepted":
      return `excepted ${finding.rule} by ${finding.out}`;
  }
}

test("who is behind a public address and port", () => {
  const plan = planGateway(EVERYTHING, host());
  const table: [address: string, port: number, protocol: string | undefined, findings: string[]][] = [
    ["61.138.177.3", 1024, "tcp", ["subscriber 10.10.1.0 of campus has 61.138.177.3:1024-1151"]],
    ["61.138.177.3", 1151, undefined, ["subscriber 10.10.1.0 of campus has 61.138.177.3:1024-1151"]],
    ["61.138.177.3", 1152, undefined, ["subscriber 10.10.1.2 of campus has 61.138.177.3:1152-1279"]],
    ["61.138.177.4", 60_000, undefined, ["free campus 59904-60031"]],
    ["61.138.177.3", 1000, undefined, ["unused-port campus 1024-65535"]],
    ["61.138.177.3", 8080, undefined, ["forward portal to 10.10.0.2:80/tcp"]],
    ["61.138.177.3", 8080, "tcp", ["forward portal to 10.10.0.2:80/tcp"]],
    ["61.138.177.3", 8080, "udp", ["reserved campus 8064-8191 portal"]],
    ["61.138.177.3", 8081, "tcp", ["reserved campus 8064-8191 portal"]],
    ["61.138.177.3", 20_050, "udp", ["forward games to 10.10.0.7:30050/udp"]],
    ["61.138.177.8", 2500, undefined, ["shared guests 109 paired"]],
    ["61.138.177.9", 2500, undefined, ["shared guests 132 paired"]],
    ["61.138.177.9", 3000, undefined, ["unused-port guests 2000-2999"]],
    ["61.138.177.20", 25, "tcp", ["static mail 10.10.1.4"]],
    ["61.138.177.21", 40_000, undefined, ["static mail 10.10.1.5"]],
    ["62.0.0.2", 500, "udp", ["shared backup 65536", "gateway backup"]],
    ["61.138.177.2", 22, "tcp", ["gateway wan"]],
    ["10.1.1.77", 80, undefined, ["twice branch 192.168.1.77 on lan"]],
    ["10.2.2.9", 80, undefined, ["twice branch 192.168.1.9 on wan"]],
    ["8.8.8.8", 53, undefined, []],
  ];
  for (const [address, port, protocol, findings] of table) {
    assert.deepEqual(
      lookupPublic(plan, ip(address), port, protocol).map(describePublic),
      findings,
      `${address}:${port}`,
    );
  }
});

test("how an inside address is seen, by link", () => {
  const plan = planGateway(EVERYTHING, host());
  const table: [address: string, findings: string[]][] = [
    ["10.10.1.0", ["block campus 61.138.177.3:1024-1151 by wan", "shared backup any address by backup"]],
    [
      "10.10.1.1",
      ["excepted campus by wan", "shared guests 61.138.177.9:2000-2999 by wan", "shared backup any address by backup"],
    ],
    ["10.10.1.4", ["static mail 61.138.177.20 by wan", "shared backup any address by backup"]],
    ["10.10.1.99", ["shared guests 61.138.177.9:2000-2999 by wan", "shared backup any address by backup"]],
    ["10.10.0.2", ["shared backup any address by backup", "forward portal 61.138.177.3:8080/tcp to 80"]],
    ["10.10.0.7", ["shared backup any address by backup", "forward games 61.138.177.3:20000-20100/udp to 30000-30100"]],
    ["192.168.1.9", ["twice branch 10.1.1.9 by wan"]],
    ["8.8.8.8", []],
  ];
  for (const [address, findings] of table) {
    assert.deepEqual(lookupSubscriber(plan, ip(address)).map(describeSubscriber), findings, address);
  }
});

test("property: both look-ups agree, for blocks and for shared pools", () => {
  const blocks = planGateway(campus(), host());
  const shared = planGateway(campus({ sourceNat: [sourceNat("10.10.1.0-10.10.40.15")] }), host());
  const first = ip("10.10.1.0");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9999 }), fc.nat(), (index, seed) => {
      const [own] = lookupSubscriber(blocks, first + index);
      assert.ok(own?.kind === "block");
      const port = own.mapping.ports.first + (seed % 128);
      assert.deepEqual(lookupPublic(blocks, own.mapping.address, port), [
        { kind: "subscriber", rule: "campus", subscriber: first + index, mapping: own.mapping },
      ]);
      const [paired] = lookupSubscriber(shared, first + index);
      assert.ok(paired?.kind === "shared" && paired.mapping !== undefined);
      const [found] = lookupPublic(shared, paired.mapping.address, paired.mapping.ports.first);
      assert.ok(found?.kind === "shared" && found.paired);
      assert.ok(rangesContain(found.candidates, first + index));
      assert.equal(countAddresses(found.candidates), found.candidateCount);
    }),
    { numRuns: 60 },
  );
});

test("candidates of all addresses together are the subscribers, each once", () => {
  const plan = planGateway(EVERYTHING, host());
  const all = ["61.138.177.8", "61.138.177.9"].flatMap((address) => {
    const [found] = lookupPublic(plan, ip(address), 2000);
    return found?.kind === "shared" ? found.candidates : [];
  });
  // 10.10.1.0/24 without the 15 of rule campus; 10.10.1.4 and .5 are among those, and 10.10.1.1 is not.
  assert.equal(countAddresses(all), 241);
  assert.equal(new Set(all.map(formatIpv4Range)).size, all.length);
});
