import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { lookUpKernelRoute } from "../../src/kernel/route/look-up.ts";
import { buildScene, type Scene } from "../../src/lab/drill/scene.ts";
import { look, target, UDP } from "../fixtures/explained.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";

// Hosts that route a packet nowhere, or elsewhere: the kernel is asked, and its refusal has a name.

let scene: Scene;
before(async () => {
  if (NEEDS_ROOT.skip === false) scene = await buildScene("none");
});
after(async () => {
  if (NEEDS_ROOT.skip === false) await scene.close();
});

const OUT = target(UDP, "10.64.1.9", 40_000, "198.51.100.80", 7);

interface Case {
  readonly name: string;
  readonly plant: readonly string[];
  readonly heal: readonly string[];
  readonly incoming?: string;
  readonly refused?: string;
  readonly text: RegExp;
}

const CASES: readonly Case[] = [
  {
    name: "a blackhole",
    plant: ["ip route add blackhole 198.51.100.0/24"],
    heal: ["ip route del blackhole 198.51.100.0/24"],
    refused: "blackhole",
    text: /thrown away without a word \(blackhole 198\.51\.100\.0\/24\)/,
  },
  {
    name: "a policy rule that prohibits",
    plant: ["ip rule add priority 90 from 10.64.1.0/24 prohibit"],
    heal: ["ip rule del priority 90"],
    refused: "prohibit",
    text: /are prohibited \(rule 90: from 10\.64\.1\.0\/24 prohibit\)/,
  },
  {
    name: "an unreachable route",
    plant: ["ip route add unreachable 198.51.100.80"],
    heal: ["ip route del unreachable 198.51.100.80"],
    refused: "unreachable",
    text: /is set unreachable \(unreachable 198\.51\.100\.80\/32\)/,
  },
  {
    name: "no route",
    plant: ["ip route del default"],
    heal: ["ip route add default via 203.0.113.1"],
    refused: "no-route",
    text: /there is no route to 198\.51\.100\.80/,
  },
  {
    name: "forwarding off on one interface",
    plant: ["sysctl -qw net.ipv4.conf.lan.forwarding=0"],
    heal: ["sysctl -qw net.ipv4.conf.lan.forwarding=1"],
    refused: "forwarding-off",
    text: /does not forward what comes in by lan \(net\.ipv4\.conf\.lan\.forwarding = 0\)/,
  },
  {
    name: "the reverse path filter",
    plant: ["sysctl -qw net.ipv4.conf.wan.rp_filter=1"],
    heal: ["sysctl -qw net.ipv4.conf.wan.rp_filter=0"],
    incoming: "wan",
    refused: "rp-filter",
    text: /it comes in by wan, and the way back to 10\.64\.1\.9 is 10\.64\.0\.0\/16 dev lan \(rp_filter of wan is 1\)/,
  },
  {
    name: "a martian",
    plant: ["ip address add 10.64.1.9/32 dev lo"],
    heal: ["ip address del 10.64.1.9/32 dev lo"],
    incoming: "lan",
    refused: "martian",
    text: /nothing may come from 10\.64\.1\.9 to 198\.51\.100\.80 by lan \(a martian\)/,
  },
  {
    name: "a policy rule that leads to another table",
    plant: ["ip rule add priority 80 from 10.64.1.9 table 77", "ip route add default via 203.0.113.9 dev wan table 77"],
    heal: ["ip rule del priority 80", "ip route flush table 77"],
    text: /is reached by wan via 203\.0\.113\.9/,
  },
];

for (const { name, plant, heal, incoming, refused, text } of CASES) {
  test(`routing and ${name}`, NEEDS_ROOT, async () => {
    const type = (line: string): void => {
      const [command = "", ...words] = line.split(" ");
      scene.run("gateway", command, ...words);
    };
    for (const line of plant) type(line);
    try {
      const explainer = await look(scene.gateway);
      const { ways, passes, limits } = explainer.explain({ ...OUT, ...(incoming === undefined ? {} : { incoming }) });
      const route = ways[0]?.steps.find((step) => step.kind === "route");
      assert.match(route?.text ?? "", text);
      assert.equal(route?.refused, refused);
      assert.equal(passes, refused === undefined ? "yes" : "no");
      assert.equal(limits.filter(({ state }) => state === "refuses").length, refused === undefined ? 0 : 1);
      if (refused === undefined) assert.match(route?.rule ?? "", /^80: from 10\.64\.1\.9\/32 lookup 77$/);
    } finally {
      for (const line of heal) type(line);
    }
  });
}

test("the kernel's own answers, by ip-route", NEEDS_ROOT, () => {
  assert.deepEqual(lookUpKernelRoute(scene.gateway, { destination: "198.51.100.80" }), {
    type: "unicast",
    table: 254,
    interface: "wan",
    via: "203.0.113.1",
    source: "203.0.113.2",
  });
  const {
    type,
    table,
    interface: name,
  } = lookUpKernelRoute(scene.gateway, {
    destination: "203.0.113.2",
    source: "10.64.1.9",
    incoming: "lan",
    protocol: UDP,
    sourcePort: 40_000,
    destinationPort: 7,
  });
  assert.deepEqual([type, table, name], ["local", 255, "lo"]);
});
