import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { formatIpv4, parseIpv4 } from "../../src/address/ipv4.ts";
import type { Ipv4Range } from "../../src/address/ipv4-range.ts";
import { readOffload, setOffload } from "../../src/kernel/ethtool.ts";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { fillConnections, type FillOptions } from "../../src/lab/generator/fill.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { buildThreeNamespaces, execIn, generatorEnds } from "../fixtures/three-namespaces.ts";

const FILL_FOREVER = [
  ...loaderWords(import.meta.url),
  fileURLToPath(ownModule("../fixtures/fill-forever", import.meta.url)),
];
const skipEbpf = withoutEbpf();

const SUBSCRIBERS: readonly Ipv4Range[] = [{ first: 0x0a400000, last: 0x0a4003ff }];

describe("both methods", { skip: skipEbpf }, () => {
  test("make the same connections", async () => {
    const net = buildThreeNamespaces("gen", "oifname wan snat ip to 61.138.177.3-61.138.177.30 persistent");
    try {
      const options: FillOptions = {
        ...generatorEnds(net),
        subscribers: SUBSCRIBERS,
        connections: 3000,
        protocol: "tcp",
        seed: 42,
      };
      await fillConnections({ ...options, method: "xdp" });
      const report = await fillConnections({ ...options, method: "packet-socket" });
      assert.equal(report.acknowledged, 3000);
      assert.deepEqual(net.conntrack("-C"), ["3000"]);
    } finally {
      net.remove();
    }
  });
});

describe("the gateway's own ends", { skip: skipEbpf }, () => {
  test("take XDP frames for as long as needed, if they are given", async () => {
    const net = buildThreeNamespaces("gen", "oifname wan masquerade");
    try {
      for (const link of ["lan", "wan"]) setOffload(net.gateway, link, "gro", false);
      const gateway = { namespace: net.gateway, inside: "lan", outside: "wan" };
      const report = await fillConnections({
        ...generatorEnds(net),
        gateway,
        subscribers: SUBSCRIBERS,
        connections: 1000,
        protocol: "udp",
      });
      assert.deepEqual([report.delivered, report.answered], [1000, 1000]);
      assert.deepEqual(
        report.publicAddresses.map((use) => formatIpv4(use.address)),
        ["203.0.113.2"],
      );
      assert.deepEqual(
        ["lan", "wan"].map((link) => readOffload(net.gateway, link, "gro")),
        [false, false],
      );
    } finally {
      net.remove();
    }
  });
});

describe("a fill that is killed", { skip: skipEbpf }, () => {
  test("leaves no program on the interfaces", async () => {
    const net = buildThreeNamespaces("gen", "oifname wan masquerade");
    try {
      const child = spawn(process.execPath, [...FILL_FOREVER, net.inside, net.outside], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const closed = once(child, "close");
      await once(child.stdout, "data");
      assert.match(execIn(net.inside, "ip", "link", "show", "lan"), /prog\/xdp/);
      assert.match(execIn(net.outside, "ip", "link", "show", "wan"), /prog\/xdp/);
      child.kill("SIGKILL");
      await closed;
      // The kernel takes programs away behind the back of whoever waits for the process: look until it has.
      await waitUntil(() => !execIn(net.inside, "ip", "link", "show", "lan").includes("prog/xdp"));
      await waitUntil(() => !execIn(net.outside, "ip", "link", "show", "wan").includes("prog/xdp"));
    } finally {
      net.remove();
    }
  });
});

describe("port blocks", { skip: skipEbpf }, () => {
  test("no subscriber leaves his block", async () => {
    const subscribers = Array.from({ length: 500 }, (_, index) => ({
      address: (parseIpv4("10.64.0.0") ?? 0) + index,
      publicAddress: (parseIpv4("61.138.177.3") ?? 0) + (index % 2),
      first: 1024 + Math.floor(index / 2) * 128,
    }));
    const elements = subscribers.map(
      (of) => `${formatIpv4(of.address)} : ${formatIpv4(of.publicAddress)} . ${of.first}-${of.first + 127}`,
    );
    const net = buildThreeNamespaces(
      "gen",
      "oifname wan meta l4proto { tcp, udp } snat ip to ip saddr map @blocks",
      `map blocks { type ipv4_addr : interval ipv4_addr . inet_service; elements = { ${elements.join(", ")} }; }`,
    );
    try {
      const report = await fillConnections({
        ...generatorEnds(net),
        subscribers: [{ first: 0x0a400000, last: 0x0a4001f3 }],
        connections: 80_000,
        protocol: "udp",
        record: true,
      });
      assert.deepEqual([report.delivered, report.moved, report.mappings.length], [80_000, 0, 500]);
      for (const [index, mapping] of report.mappings.entries()) {
        const block = subscribers[index];
        assert.ok(block !== undefined);
        assert.equal(mapping.subscriber, block.address);
        assert.equal(mapping.publicAddress, block.publicAddress);
        assert.ok(
          mapping.ports.first >= block.first && mapping.ports.last <= block.first + 127,
          JSON.stringify(mapping),
        );
        // 160 connections out of 128 ports at random: a block of which half were never used would be a wrong count.
        assert.ok(mapping.ports.last - mapping.ports.first >= 64, JSON.stringify(mapping));
      }
    } finally {
      net.remove();
    }
  });
});

async function waitUntil(holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (holds()) return;
    await sleep(50);
  }
  assert.fail("it never came to hold");
}
