import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./neighbour-unresolved.ts";

const neighbours = (failed: readonly string[]) => ({
  neighbours: [{ interface: "wan", states: { reachable: 1, failed: failed.length }, failed }],
});
const failed = (packets: number) => drop("neighbour", packets, { reason: "NEIGH_FAILED", interface: "wan" });

const QUIET: readonly (readonly [string, SignalChanges])[] = [
  ["a healthy gateway", {}],
  ["a host that has just gone", { drops: [failed(6)], network: neighbours(["203.0.113.77"]) }],
  ["a backup router that is away and not used", { network: neighbours(["203.0.113.1"]) }],
  [
    "packets that waited for the first answer of a router",
    { drops: [drop("neighbour", 500, { reason: "NEIGH_QUEUEFULL", interface: "wan" })] },
  ],
  [
    "no room for a neighbour: another finding",
    {
      drops: [drop("neighbour", 500, { reason: "NEIGH_CREATEFAIL", interface: "wan" })],
      network: neighbours(["203.0.113.9"]),
    },
  ],
];

for (const [name, changes] of QUIET) {
  test(`nothing: ${name}`, () => {
    assert.deepEqual(mode.examine(signals(changes)), []);
  });
}

test("the router of the default route: named, with the routes through it", () => {
  const [found, ...more] = mode.examine(
    signals({
      drops: [failed(300), drop("neighbour", 100, { reason: "NEIGH_QUEUEFULL", interface: "wan" })],
      network: neighbours(["203.0.113.1", "203.0.113.9"]),
    }),
  );
  assert.deepEqual(more, []);
  assert.equal(found?.subject, "203.0.113.1");
  assert.equal(found.summary, "203.0.113.1 on wan does not answer ARP: 200 /s packets dropped");
  assert.deepEqual(found.explains, [{ cause: "neighbour", packets: 400 }]);
  assert.deepEqual(found.evidence.at(-1), { what: "routes that lead through 203.0.113.1", value: "0.0.0.0/0" });
});

test("hosts on the link: by interface, with whom the packets were for", () => {
  const [found] = mode.examine(
    signals({
      drops: [failed(100)],
      network: neighbours(["192.0.2.7"]),
      headers: [header("neighbour", { interface: "wan", destination: "192.0.2.7" }), header("neighbour")],
    }),
  );
  assert.equal(found?.subject, "wan");
  assert.equal(found.summary, "hosts on wan do not answer ARP: 50 /s packets dropped");
  assert.deepEqual(found.top?.rows, ["1  192.0.2.7"]);
  assert.equal(found.fixes[0]?.commands?.[0], "ip route get 192.0.2.7");
});
