import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpv4 } from "../address/ipv4.ts";
import { formatIpv4Range } from "../address/ipv4-range.ts";
import { formatPortRange } from "../address/port-range.ts";
import type { Gateway } from "../config/gateway.ts";
import { campus, forward, ip, ports, prefix, ranges, sourceNat } from "../../test/fixtures/gateways.ts";
import { planSources } from "./sources.ts";

/** The first rule's plan in short: subscribers, addresses with ports, translations. */
function short(gateway: Gateway): object {
  const [source] = planSources(gateway);
  assert.ok(source);
  return {
    subscribers: source.subscribers.map(formatIpv4Range).join(),
    count: source.subscriberCount,
    addresses: source.addresses.map((a) => `${formatIpv4(a.address)}:${formatPortRange(a.ports)}`).join(),
    translations: source.translationsPerDestination,
    ...(source.reachedBy === undefined ? {} : { reachedBy: source.reachedBy }),
    ...(source.masqueradePorts === undefined ? {} : { masquerade: formatPortRange(source.masqueradePorts) }),
  };
}

const pool = (addresses: string, portText = "1024-65535"): Gateway["pools"] => [
  { name: "public", addresses: ranges(addresses), ports: ports(portText), reachedBy: "route" },
];

test("the paper's example: 25 x (65,536 - 1,024) = 1,612,800 translations for one destination", () => {
  const [source] = planSources(
    campus({ pools: pool("61.138.177.3-61.138.177.27"), sourceNat: [sourceNat("10.10.10.0/24")], portForwards: [] }),
  );
  assert.equal(source?.addresses.length, 25);
  assert.equal(source?.translationsPerDestination, 25 * (65_536 - 1024));
  assert.equal(source?.translationsPerDestination, 1_612_800);
});

test("a shared pool: each address keeps its largest run of ports free of forwards", () => {
  const gateway = campus({
    pools: pool("61.0.0.3-61.0.0.4,61.0.0.9"),
    sourceNat: [sourceNat("10.0.0.0/24", { except: ranges("10.0.0.0-10.0.0.9") })],
    portForwards: [
      forward("a", "61.0.0.3:8080/tcp", "10.0.0.1:80"),
      forward("b", "61.0.0.4:443/tcp", "10.0.0.1:443"),
      forward("c", "61.0.0.9:50000-50009/udp", "10.0.0.1:50000-50009"),
      forward("d", "61.0.0.5:1024/udp", "10.0.0.1:1024"),
    ],
  });
  assert.deepEqual(short(gateway), {
    subscribers: "10.0.0.10-10.0.0.255",
    count: 246,
    addresses: "61.0.0.3:8081-65535,61.0.0.4:1024-65535,61.0.0.9:1024-49999",
    translations: 57_455 + 64_512 + 48_976,
    reachedBy: "route",
  });
});

test("an address with no port left is not used", () => {
  const gateway = campus({
    pools: pool("61.0.0.3-61.0.0.4", "2000-2999"),
    sourceNat: [sourceNat("10.0.0.0/24")],
    portForwards: [forward("all", "61.0.0.3:1500-3500/tcp+udp", "10.0.0.1:1500-3500")],
  });
  assert.deepEqual(short(gateway), {
    subscribers: "10.0.0.0/24",
    count: 256,
    addresses: "61.0.0.4:2000-2999",
    translations: 1000,
    reachedBy: "route",
  });
});

test("one address, and blocks on it", () => {
  const to = { kind: "address", address: ip("61.138.177.2"), reachedBy: "address" } as const;
  const gateway = campus({ sourceNat: [sourceNat("10.0.0.0/30,10.0.0.2", { to, blocks: 1000 })] });
  assert.deepEqual(short(gateway), {
    subscribers: "10.0.0.0/30",
    count: 4,
    addresses: "61.138.177.2:1024-65535",
    translations: 4000,
    reachedBy: "address",
  });
});

test("masquerade keeps to ports no forward listens on, on any address of its link", () => {
  const links = [{ name: "wan", interface: "wan", addresses: [prefix("61.0.0.2/24"), prefix("61.0.0.7/24")] }];
  const rule = sourceNat("10.0.0.0/24", { to: { kind: "masquerade" } });
  const base = { subscribers: "10.0.0.0/24", count: 256, addresses: "" };
  const table: [listen: string[], expected: object][] = [
    [[], { ...base, translations: 64_512 }],
    [["61.0.0.2:22/tcp", "61.0.0.9:5000/tcp"], { ...base, translations: 64_512 }],
    [["61.0.0.2:2222/tcp"], { ...base, translations: 63_313, masquerade: "2223-65535" }],
    [["61.0.0.2:2222/tcp", "61.0.0.7:60000/udp"], { ...base, translations: 57_777, masquerade: "2223-59999" }],
    [["61.0.0.2:1-65535/tcp"], { ...base, translations: 0 }],
  ];
  for (const [listen, expected] of table) {
    const portForwards = listen.map((text, i) => forward(`f${i}`, text, "10.0.0.1"));
    assert.deepEqual(short(campus({ links, sourceNat: [rule], portForwards })), expected, listen.join());
  }
});

test("blocks: translations are those of the subscribers there are, at most those of the pool", () => {
  const table: [from: string, translations: number][] = [
    ["10.0.0.0/30", 4 * 128],
    ["10.0.0.0/16", (504 - 1) * 128],
  ];
  for (const [from, translations] of table) {
    const gateway = campus({ pools: pool("61.138.177.3"), sourceNat: [sourceNat(from, { blocks: 128 })] });
    assert.equal(planSources(gateway)[0]?.translationsPerDestination, translations);
  }
});
