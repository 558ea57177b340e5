import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readGateway } from "./read-gateway.ts";
import { starterFile, type StarterInterface } from "./starter.ts";

const wan: StarterInterface = {
  name: "enp1s0",
  addresses: [{ address: 0x3d8ab102, length: 27 }],
  gateway: 0x3d8ab101,
};
const lan: StarterInterface = { name: "br-lan", addresses: [{ address: 0x0a0a0001, length: 16 }] };

test("the default route decides which link is outside, the first other address which is inside", () => {
  const text = starterFile("campus", [{ name: "wlan0", addresses: [] }, lan, wan]);
  const reading = readGateway(text);
  assert.ok("gateway" in reading, text);
  const { name, links, sourceNat } = reading.gateway;
  assert.equal(name, "campus");
  assert.deepEqual(links, [
    { name: "wan", interface: "enp1s0", addresses: wan.addresses, gateway: 0x3d8ab101 },
    { name: "lan", interface: "br-lan", addresses: lan.addresses },
  ]);
  assert.deepEqual(sourceNat[0]?.from, [{ first: 0x0a0a0000, last: 0x0a0affff }]);
  assert.match(text, /# Other interfaces here: wlan0\./);
  assert.doesNotMatch(text, /EXAMPLE/);
});

test("what the host lacks is an example and says so", () => {
  for (const [interfaces, examples] of [
    [[], 2],
    [[wan], 1],
    [[lan], 1],
    [[{ ...wan, gateway: 0x01020304 }, lan], 1],
  ] as const) {
    const text = starterFile("gateway", interfaces);
    assert.ok("gateway" in readGateway(text), text);
    assert.equal(text.match(/EXAMPLE/g)?.length, examples, text);
  }
});

test("interfaces and addresses no gateway file may name are left out", () => {
  const odd: StarterInterface = { name: 'et"h', addresses: [{ address: 0x0a000001, length: 8 }] };
  const loopback: StarterInterface = { name: "dummy0", addresses: [{ address: 0x7f000002, length: 8 }] };
  const ownNetwork: StarterInterface = { name: "dummy1", addresses: [{ address: 0x0a000000, length: 8 }] };
  const text = starterFile("gateway", [odd, loopback, ownNetwork, wan, lan]);
  const reading = readGateway(text);
  assert.ok("gateway" in reading, text);
  assert.deepEqual(
    reading.gateway.links.map((link) => link.interface),
    ["enp1s0", "br-lan"],
  );
});

test("whatever the interfaces, the file is in order", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,15}$/).filter((text) => !/^\.+$/.test(text));
  const one = fc.record({
    name,
    network: fc.integer({ min: 1, max: 200 }),
    length: fc.integer({ min: 8, max: 30 }),
    bare: fc.boolean(),
    routed: fc.boolean(),
  });
  const some = fc.uniqueArray(one, { maxLength: 4, selector: (entry) => entry.name });
  fc.assert(
    fc.property(some, (entries) => {
      const interfaces = entries.map((entry, i): StarterInterface => {
        const base = ((11 + i) * 2 ** 24 + entry.network * 2 ** 16) >>> 0;
        const addresses = entry.bare ? [] : [{ address: base + 1, length: Math.max(16, entry.length) }];
        return { name: entry.name, addresses, ...(entry.routed ? { gateway: base + 2 } : {}) };
      });
      const text = starterFile("gateway", interfaces);
      const reading = readGateway(text);
      assert.ok("gateway" in reading, `${text}\n${JSON.stringify(reading)}`);
    }),
    { numRuns: 200 },
  );
});
