import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Fate } from "../../src/fastpath/fates.ts";
import type { Path } from "../../src/fastpath/record.ts";
import { deviceSlot, findDeviceFactor } from "../../src/fastpath/device-slots.ts";
import { sumAccount } from "../../src/fastpath/fates.ts";
import { memorySize } from "../../src/fastpath/memory-size.ts";
import { loadPrograms } from "../../src/fastpath/programs.ts";
import { forgetConnections, readFastPathStatus } from "../../src/fastpath/status.ts";
import { controlBytes, PERIODS } from "../../src/fastpath/settings.ts";
import { setOffload } from "../../src/kernel/ethtool.ts";
import { attachTraffic } from "../../src/kernel/bpf/traffic-hook.ts";
import { attachXdp } from "../../src/kernel/bpf/xdp.ts";
import { listLinks } from "../../src/kernel/route/link.ts";
import { readXdpFeatures } from "../../src/kernel/xdp-features.ts";
import { arrival, arrives, Conversation, everyKind } from "../fixtures/fast-path/conversation.ts";
import { FLAGS, sealIpv4, UDP, writeEcho, writePacket } from "../fixtures/fast-path/packet.ts";
import { openWire, PLACES, RULES, type Wire } from "../fixtures/fast-path/wire.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";

/** Nothing is asked of the kernel again while a test runs. */
const LASTING = { fresh: 600, longest: 3600 } as const;

function on(t: TestContext, path: Path, rules = RULES): Wire {
  const wire = openWire(t, rules);
  // Otherwise what is remembered of UDP lasts for half of two minutes, and may be asked about.
  run(wire.gateway, "sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout_stream=36000");
  wire.turnOn(path, LASTING);
  return wire;
}

for (const path of ["xdp", "tc"] as const) {
  describe(`packets that go past netfilter, and those that do not: ${path}`, NEEDS_ROOT, () => {
    it("established packets of every kind of connection, in both directions, in both versions of IP", async (t) => {
      const wire = on(t, path);
      const kinds = everyKind(wire);
      const conversations = await Conversation.openAll(Object.values(kinds));
      for (const [index, conversation] of conversations.entries()) {
        const name = Object.keys(kinds)[index];
        const { caller, callee } = conversation.ends;
        const before = [wire.count(caller.interface, "forwarded"), wire.count(callee.interface, "forwarded")];
        for (let length = 0; length <= 1400; length += 99) {
          await conversation.callAndArrive({ payload: Buffer.alloc(length, length) });
          await conversation.answerAndArrive({ payload: Buffer.alloc(length, length) });
        }
        const sent = 15;
        const onOneLink = caller.interface === callee.interface;
        assert.deepEqual(
          [wire.count(caller.interface, "forwarded"), wire.count(callee.interface, "forwarded")],
          before.map((count) => count + (onOneLink ? 2 * sent : sent)),
          name,
        );
      }
    });

    it("what the kernel alone may decide goes to it, untouched", async (t) => {
      const wire = on(t, path);
      const [udp, tcp] = await Conversation.openAll([
        everyKind(wire)["UDP, source translated"] ?? assert.fail(),
        everyKind(wire)["TCP, source translated"] ?? assert.fail(),
      ]);
      assert.ok(udp !== undefined && tcp !== undefined);

      /** The packet reaches the far end translated, and was not forwarded by the fast path. */
      const byKernel = async (fate: Fate, send: () => string): Promise<void> => {
        const before = [wire.count("lan", "forwarded"), wire.count("lan", fate)];
        const taken = await arrival(wire.outside, send());
        assert.equal(taken.source, "61.138.177.3");
        assert.deepEqual(
          [wire.count("lan", "forwarded"), wire.count("lan", fate)],
          [before[0], (before[1] ?? 0) + 1],
          fate,
        );
      };
      // Two words that say nothing (RFC 791, no operation); routers pass them on.
      const nothing = Buffer.alloc(8, 1);
      const optional = udp.call({ options: nothing });
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.ok(wire.outside.takeFrames().some((frame) => frame[14] === 0x47 && frame.includes(optional)));
      assert.equal(wire.count("lan", "special-header"), 1);

      await byKernel("unknown", () => udp.call({ sourcePort: 4999 }));
      const before = wire.count("lan", "forwarded");
      // The kernel puts fragments together to track them, and takes them apart again.
      const whole = writePacket({
        toMac: wire.inside.gatewayMac,
        fromMac: wire.inside.mac,
        source: "10.0.0.2",
        destination: PLACES.outside.address,
        protocol: UDP,
        sourcePort: 4001,
        destinationPort: 7,
        payload: Buffer.from("fragmented".padEnd(64, ".")),
        fragment: 0,
      });
      for (const fragment of fragments(whole)) wire.inside.sendFrame(fragment);
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.ok(wire.outside.takeFrames().some((frame) => frame.includes("fragmented")));
      assert.equal(wire.count("lan", "special-header"), 3);
      assert.equal(wire.count("lan", "forwarded"), before);

      // Too old to go on: the kernel says so (ICMP time exceeded), the fast path does not.
      udp.call({ ttl: 1 });
      assert.equal((await icmpError(wire))?.type, 11);
      assert.equal(wire.count("lan", "special-header"), 4);
      // Two is one too many for nobody.
      await udp.callAndArrive({ ttl: 2 });
      assert.equal(wire.count("lan", "forwarded"), before + 1);

      await byKernel("connection-edge", () => tcp.call({ flags: FLAGS.fin | FLAGS.ack }));
      await byKernel("connection-edge", () => tcp.call({ flags: FLAGS.rst | FLAGS.ack }));
    });

    it("too big for the way out: the kernel answers with what fits", async (t) => {
      const wire = openWire(t);
      run(wire.gateway, "ip", "link", "set", "wan", "mtu", "1280");
      wire.turnOn(path, LASTING);
      const tcp = await Conversation.open(everyKind(wire)["TCP, source translated"] ?? assert.fail());
      const six = await Conversation.open(everyKind(wire)["TCP over IPv6"] ?? assert.fail());
      const counted = wire.count("lan", "forwarded");

      await tcp.callAndArrive({ payload: Buffer.alloc(1280 - 60) });
      assert.equal(wire.count("lan", "forwarded"), counted + 1);
      tcp.call({ payload: Buffer.alloc(1400) });
      assert.deepEqual(await icmpError(wire), { type: 3, code: 4, mtu: 1280 });
      six.call({ payload: Buffer.alloc(1400) });
      assert.deepEqual(await icmpError(wire), { type: 2, code: 0, mtu: 1280 });
      assert.equal(wire.count("lan", "too-big"), 2);
      assert.equal(wire.count("lan", "forwarded"), counted + 1);
    });

    it("a route's own MTU counts as well", async (t) => {
      const wire = openWire(t);
      run(wire.gateway, "ip", "route", "add", "203.0.113.80/32", "dev", "wan", "mtu", "1300");
      wire.turnOn(path, LASTING);
      const tcp = await Conversation.open(everyKind(wire)["TCP, source translated"] ?? assert.fail());
      await tcp.callAndArrive({ payload: Buffer.alloc(1300 - 60) });
      assert.equal(wire.count("lan", "too-big"), 0);
      tcp.call({ payload: Buffer.alloc(1300) });
      assert.deepEqual(await icmpError(wire), { type: 3, code: 4, mtu: 1300 });
    });

    it("frames to other stations are nobody's to forward", async (t) => {
      const wire = on(t, path);
      const tcp = await Conversation.open(everyKind(wire)["TCP, source translated"] ?? assert.fail());
      const counted = wire.count("lan", "forwarded");
      const stranger = Buffer.from("020000000099", "hex");
      assert.equal(await arrives(wire.outside, tcp.call({ toMac: stranger })), false);
      assert.equal(await arrives(wire.outside, tcp.call({ toMac: Buffer.alloc(6, 0xff) })), false);
      assert.equal(wire.count("lan", "forwarded"), counted);
    });

    it("connections in another zone, and with a helper, are the kernel's for good", async (t) => {
      const wire = on(
        t,
        path,
        `${RULES}
table inet special {
  ct helper control { type "ftp" protocol tcp; l3proto inet; }
  chain zones { type filter hook prerouting priority raw;
    ip saddr 10.0.0.3 ct zone set 7
    ip daddr 61.138.177.3 udp sport 9007 ct zone set 7
  }
  chain helpers { type filter hook prerouting priority filter;
    ip saddr 10.0.0.5 tcp dport 21 ct helper set "control"
  }
}
`,
      );
      const zone = await Conversation.open({
        ...(everyKind(wire)["UDP, source translated"] ?? assert.fail()),
        source: "10.0.0.3",
        destinationPort: 9007,
      });
      const helper = await Conversation.open({
        ...(everyKind(wire)["TCP, source translated"] ?? assert.fail()),
        source: "10.0.0.5",
        destinationPort: 21,
      });
      const lines = run(wire.gateway, "conntrack", "-L").split("\n");
      assert.ok(
        lines.some((line) => /dport=9007 .*zone=7/.test(line)),
        lines.join("\n"),
      );
      assert.ok(
        lines.some((line) => /dport=21 .*helper=ftp/.test(line)),
        lines.join("\n"),
      );
      for (let round = 0; round < 5; round++) {
        for (const conversation of [zone, helper]) {
          await conversation.callAndArrive();
          await conversation.answerAndArrive();
        }
      }
      assert.equal(wire.count("lan", "forwarded") + wire.count("wan", "forwarded"), 0);
    });

    it("ICMP and what is neither TCP nor UDP go to the kernel", async (t) => {
      const wire = on(t, path);
      const before = wire.count("lan", "other-protocol");
      wire.inside.sendFrame(
        writeEcho({
          toMac: wire.inside.gatewayMac,
          fromMac: wire.inside.mac,
          source: "10.0.0.2",
          destination: PLACES.outside.address,
          protocol: UDP,
          sourcePort: 0,
          destinationPort: 0,
          payload: Buffer.from("ping"),
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.ok(wire.outside.takeFrames().some((frame) => frame[23] === 1 && frame.includes("ping")));
      assert.ok(wire.count("lan", "other-protocol") > before);
    });
  });
}

it("from an interface with XDP to one without: the kernel's, untouched", NEEDS_ROOT, async (t) => {
  // First of all that is cleaned up: filters are removed within the namespace.
  const attached: { close(): void }[] = [];
  t.after(() => attached.forEach((each) => each.close()));
  const wire = openWire(t);
  const netns = wire.gateway;
  // As turning on does: the kernel sees only a part of the packets. Of connections that are near their end, one packet
  // in 256 goes to the kernel.
  const seen = "net.netfilter.nf_conntrack_tcp";
  run(netns, "sysctl", "-qw", `${seen}_be_liberal=1`, `${seen}_timeout_unacknowledged=432000`);
  const links = listLinks(netns);
  const devices = (["lan", "wan"] as const).map((name) => ({
    name,
    index: links.find((link) => link.name === name)?.index ?? assert.fail(),
    path: name === "lan" ? ("xdp" as const) : ("tc" as const),
  }));
  const factor = findDeviceFactor(devices.map(({ index }) => index)) ?? assert.fail();
  const object = loadPrograms(netns, devices, factor, memorySize(1000, 2 ** 30));
  t.after(() => object.close());
  object.variables(".data").updateAt(0, controlBytes({ ...PERIODS, ...LASTING }, 100));
  attached.push(
    attachTraffic(netns, "lan", "egress", object.program("learn")),
    attachTraffic(netns, "wan", "egress", object.program("learn")),
    attachXdp(netns, "lan", object.program("forward_xdp")),
    attachTraffic(netns, "wan", "ingress", object.program("forward_tc")),
  );
  const tcp = await Conversation.open(everyKind(wire)["TCP, source translated"] ?? assert.fail());
  for (let round = 0; round < 5; round++) {
    await tcp.callAndArrive();
    await tcp.answerAndArrive();
  }
  const [lan, wan] = devices.map(({ index }) =>
    sumAccount(object.map("accounts").lookupAt(deviceSlot(index, factor)) ?? assert.fail()),
  );
  assert.equal(lan?.packets.forwarded, 0);
  assert.equal((wan?.packets.forwarded ?? 0) >= 5, true);
  assert.equal(
    run(netns, "conntrack", "-L")
      .split("\n")
      .filter((line) => line.startsWith("tcp")).length,
    1,
  );
});

it("XDP is refused where an interface would lose what it is handed, and nothing is left on", NEEDS_ROOT, (t) => {
  const wire = openWire(t);
  if (readXdpFeatures(wire.gateway) === undefined) {
    t.skip("this kernel does not tell what drivers can do with XDP");
    return;
  }
  setOffload(wire.outside.namespace, "wan", "gro", false);
  assert.throws(() => wire.turnOn("xdp"), /wan does not send frames that XDP hands it/);
  assert.equal(readFastPathStatus({ netns: wire.gateway }), undefined);
  assert.doesNotMatch(run(wire.gateway, "ip", "link"), /prog\/xdp/);
  setOffload(wire.outside.namespace, "wan", "gro", true);
  const { notes } = wire.turnOn("xdp");
  assert.match(notes[0] ?? "", /^lan: xdp as asked for, where auto takes tc: its packets come in large pieces/);
  // When the rules are looked at again, this is still so.
  forgetConnections({ netns: wire.gateway });
  assert.deepEqual(readFastPathStatus({ netns: wire.gateway })?.notes, notes);
});

/** The ICMP error that the subscriber gets, if it gets one. */
async function icmpError(wire: Wire): Promise<{ type: number; code: number; mtu: number } | undefined> {
  await new Promise((resolve) => setTimeout(resolve, 100));
  const frames = wire.inside.takeFrames();
  const found = frames.find((frame) => frame.readUInt16BE(12) === 0x0800 && frame[23] === 1);
  if (found !== undefined) return { type: found.readUInt8(34), code: found.readUInt8(35), mtu: found.readUInt16BE(40) };
  const six = frames.find((frame) => frame.readUInt16BE(12) === 0x86dd && frame[20] === 58 && (frame[54] ?? 255) < 128);
  if (six === undefined) return undefined;
  return { type: six.readUInt8(54), code: six.readUInt8(55), mtu: six.readUInt32BE(58) };
}

/** An IPv4 frame cut in two behind the first 24 bytes of the IP packet's data. */
function fragments(whole: Buffer): Buffer[] {
  const cut = 14 + 20 + 24;
  const parts = [
    { data: whole.subarray(34, cut), fragment: 0x2000 },
    { data: whole.subarray(cut), fragment: 24 / 8 },
  ];
  return parts.map(({ data, fragment }) => {
    const frame = Buffer.concat([whole.subarray(0, 34), data]);
    frame.writeUInt16BE(20 + data.length, 16);
    frame.writeUInt16BE(4711, 18);
    frame.writeUInt16BE(fragment, 20);
    return sealIpv4(frame);
  });
}
