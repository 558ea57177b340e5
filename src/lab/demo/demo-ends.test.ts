import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpv4 } from "../../address/ipv4.ts";
import { formatIpv4Range, parseIpv4Range, type Ipv4Range } from "../../address/ipv4-range.ts";
import { readGateway } from "../../config/read-gateway.ts";
import { planTopology } from "../plan-topology.ts";
import { firstAddresses, neighbourRoom, speakers, spread } from "./demo-ends.ts";

const ranges = (...texts: string[]) => texts.map((text) => parseIpv4Range(text)).filter((range) => range !== undefined);
const words = (found: readonly Ipv4Range[]) => found.map(formatIpv4Range).join(" ");

test("subscribers speak but for the gateway's address and the link's network and broadcast addresses", () => {
  const reading = readGateway(`version: 1
name: small
links:
  wan: { interface: eth0, addresses: [203.0.113.2/24], gateway: 203.0.113.1 }
  lan: { interface: eth1, addresses: [10.0.0.1/29] }
source-nat:
  - { name: all, from: [10.0.0.0/29, 10.9.0.0/31], out: wan, to: masquerade }
`);
  assert.ok("gateway" in reading);
  const topology = planTopology(reading.gateway, "id");
  assert.equal(words(speakers(reading.gateway.sourceNat[0]?.from ?? [], topology)), "10.0.0.2-10.0.0.6 10.9.0.0/31");
});

test("addresses are spread evenly, the first one included, each once", () => {
  const cases: [Ipv4Range[], number, string][] = [
    [ranges("10.0.0.0-10.0.0.9"), 2, "10.0.0.0 10.0.0.5"],
    [ranges("10.0.0.0-10.0.0.1", "10.0.1.0-10.0.1.1"), 4, "10.0.0.0 10.0.0.1 10.0.1.0 10.0.1.1"],
    [ranges("10.0.0.0/31"), 4, "10.0.0.0 10.0.0.1"],
    [[], 3, ""],
  ];
  for (const [from, count, wanted] of cases) assert.equal(spread(from, count).map(formatIpv4).join(" "), wanted);
});

test("the first so many addresses, across ranges", () => {
  const cases: [number, string][] = [
    [0, ""],
    [2, "10.0.0.0/31"],
    [5, "10.0.0.0/30 10.1.0.0"],
    [99, "10.0.0.0/30 10.1.0.0/31"],
  ];
  for (const [count, wanted] of cases) {
    assert.equal(words(firstAddresses(ranges("10.0.0.0/30", "10.1.0.0/31"), count)), wanted);
  }
});

test("all subscribers speak if the neighbour table has room, else less than half of what it holds", () => {
  const cases: [string | undefined, number, number][] = [
    ["10248", 10_000, 10_000],
    ["1024", 10_000, 409],
    ["1024", 900, 900],
    [undefined, 10_000, 409],
  ];
  for (const [limit, subscribers, room] of cases) assert.equal(neighbourRoom(limit, subscribers), room);
});
