import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Path } from "../../src/fastpath/record.ts";
import { forgetConnections } from "../../src/fastpath/status.ts";
import { runNft } from "../../src/kernel/nftables.ts";
import { Conversation, everyKind } from "../fixtures/fast-path/conversation.ts";
import { FLAGS, TCP } from "../fixtures/fast-path/packet.ts";
import { Stream } from "../fixtures/fast-path/stream.ts";
import { openWire, setNeighbour, type Wire } from "../fixtures/fast-path/wire.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";

// What changes in the kernel while packets go past it takes effect on them. The periods are part of what is promised
// (PERIODS in src/fastpath/settings.ts), so packets are judged by when they were sent, in their own payload.

/** Nothing of a connection that is gone may be forwarded after this. */
const GONE_MS = 1000;
/**
 * Half a second after it was learned, a connection sends one packet in 256 to the kernel, at random: of so many, all but
 * surely (1 - 1e-7) one.
 */
const ASKED = [700, 4096] as const;
const PER_SECOND = 2000;

for (const path of ["xdp", "tc"] as const) {
  describe(`changes under traffic past netfilter: ${path}`, NEEDS_ROOT, () => {
    for (const kind of ["UDP, source translated", "TCP, source translated", "UDP over IPv6"] as const) {
      it(`an entry deleted with conntrack -D: ${kind}`, async (t) => {
        const { wire, stream, conversation } = await streaming(t, path, kind);
        // Without its entry the next packet would open a connection, and be translated as that: refused here.
        refuseNew(wire);
        await stream.run(500);
        const deleted = Date.now();
        deleteEntry(wire, conversation);
        await stream.run(2500);
        assert.ok(stream.arrived(0, deleted) > 0.9 * stream.sent(0, deleted));
        assert.equal(stream.arrived(deleted + GONE_MS, Date.now()), 0);
        assert.ok(stream.sent(deleted + GONE_MS, Date.now()) > PER_SECOND / 10);
      });
    }

    it("an entry that is not the one remembered any more: another translation", async (t) => {
      const { wire, stream, conversation } = await streaming(t, path, "UDP, source translated");
      await stream.run(500);
      runNft(
        wire.gateway,
        "flush chain ip nat leaving\nadd rule ip nat leaving ip saddr 10.0.0.0/24 oifname wan snat to 61.138.177.4\n",
      );
      const deleted = Date.now();
      deleteEntry(wire, conversation);
      await stream.run(2500);
      const late = stream.packets(deleted + GONE_MS, Date.now());
      assert.ok(late.length > 0.9 * stream.sent(deleted + GONE_MS, Date.now()));
      assert.deepEqual(new Set(late.map((packet) => packet.source)), new Set(["61.138.177.4"]));
    });

    it("a busy connection outlives its timeout, an idle one does not", async (t) => {
      const wire = openWire(t);
      run(wire.gateway, "sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout_stream=5");
      wire.turnOn(path);
      const kinds = everyKind(wire);
      const [busy, idle] = await Conversation.openAll([
        kinds["UDP, source translated"] ?? assert.fail(),
        kinds["UDP without checksum"] ?? assert.fail(),
      ]);
      assert.ok(busy !== undefined && idle !== undefined);
      refuseNew(wire);
      const stream = new Stream(busy, PER_SECOND);
      await stream.run(12_000);
      const sent = stream.sent(0, Date.now());
      assert.ok(wire.count("lan", "forwarded") > sent / 2);
      assert.ok(stream.arrived(0, Date.now()) > 0.99 * sent);
      assert.match(run(wire.gateway, "conntrack", "-L", "-p", "udp"), /sport=4001/);
      assert.doesNotMatch(run(wire.gateway, "conntrack", "-L", "-p", "udp"), /sport=4002/);
      const before = wire.count("lan", "forwarded");
      idle.call();
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(wire.count("lan", "forwarded"), before, "an expired connection was forwarded");
    });

    it("TCP closes: FIN and RST are the kernel's, and its entry goes after its timeout", async (t) => {
      const wire = openWire(t);
      run(
        wire.gateway,
        "sysctl",
        "-qw",
        ...["fin_wait", "last_ack", "close_wait", "time_wait", "close"].map(
          (state) => `net.netfilter.nf_conntrack_tcp_timeout_${state}=3`,
        ),
      );
      wire.turnOn(path);
      const kinds = everyKind(wire);
      const closed = await Conversation.open(kinds["TCP, source translated"] ?? assert.fail());
      const reset = await Conversation.open(kinds["TCP, forwarded to another port"] ?? assert.fail());
      for (let round = 0; round < 50; round++) {
        for (const conversation of [closed, reset]) {
          await conversation.callAndArrive({ payload: Buffer.alloc(1000) });
          await conversation.answerAndArrive({ payload: Buffer.alloc(1000) });
        }
      }
      assert.ok(wire.count("lan", "forwarded") >= 90);
      await closed.callAndArrive({ flags: FLAGS.fin | FLAGS.ack });
      assert.match(run(wire.gateway, "conntrack", "-L", "-p", "tcp"), /FIN_WAIT.*sport=4003/);
      // What the other side still has to say arrives, by way of the kernel.
      await closed.answerAndArrive({ payload: Buffer.alloc(1000) });
      await closed.answerAndArrive({ flags: FLAGS.fin | FLAGS.ack });
      await closed.callAndArrive();
      assert.match(run(wire.gateway, "conntrack", "-L", "-p", "tcp"), /TIME_WAIT.*sport=4003/);
      await reset.callAndArrive({ flags: FLAGS.rst | FLAGS.ack });
      await new Promise((resolve) => setTimeout(resolve, 5000));
      assert.doesNotMatch(run(wire.gateway, "conntrack", "-L", "-p", "tcp"), /sport=400/);
    });

    it("a route, a neighbour's hardware, a rule that drops: all reach a busy connection", async (t) => {
      const { wire, stream } = await streaming(t, path, "UDP, source translated");
      await stream.run(500);

      const macs = async (): Promise<string[]> => {
        await stream.run(...ASKED);
        const from = Date.now();
        await stream.run(300);
        const seen = stream.packets(from, Date.now()).map(({ toMac }) => Buffer.from(toMac).toString("hex"));
        return [...new Set(seen)];
      };
      const other = Buffer.from("020000000077", "hex");
      setNeighbour(wire.gateway, { interface: "wan", mac: other }, "203.0.113.80");
      assert.deepEqual(await macs(), ["020000000077"]);

      setNeighbour(wire.gateway, { interface: "wan", mac: Buffer.from("020000000078", "hex") }, "203.0.113.99");
      run(wire.gateway, "ip", "route", "add", "203.0.113.80/32", "via", "203.0.113.99", "dev", "wan");
      assert.deepEqual(await macs(), ["020000000078"]);

      runNft(wire.gateway, "insert rule inet filter forward ip saddr 10.0.0.2 drop\n");
      assert.deepEqual(await macs(), []);

      runNft(wire.gateway, "flush chain inet filter forward\n");
      const allowed = Date.now();
      await stream.run(500);
      assert.ok(stream.arrived(allowed, Date.now()) > 0.9 * stream.sent(allowed, Date.now()));
    });

    it("what is forgotten on purpose is decided anew at once", async (t) => {
      const { wire, stream } = await streaming(t, path, "TCP, source translated", { fresh: 600, longest: 3600 });
      await stream.run(500);
      runNft(wire.gateway, "insert rule inet filter forward ip saddr 10.0.0.0/24 drop\n");
      await stream.run(1000);
      const still = stream.arrived(0, Date.now());
      assert.ok(still > 0.9 * stream.sent(0, Date.now()), "the rule was seen without being told");
      assert.equal(forgetConnections({ netns: wire.gateway }), true);
      const forgotten = Date.now();
      await stream.run(1000);
      assert.equal(stream.arrived(forgotten + 20, Date.now()), 0);
    });
  });
}

async function streaming(
  t: TestContext,
  path: Path,
  kind: string,
  periods?: Parameters<Wire["turnOn"]>[1],
): Promise<{ wire: Wire; stream: Stream; conversation: Conversation }> {
  const wire = openWire(t);
  run(wire.gateway, "sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout_stream=36000");
  wire.turnOn(path, periods);
  const conversation = await Conversation.open(everyKind(wire)[kind] ?? assert.fail());
  return { wire, stream: new Stream(conversation, PER_SECOND), conversation };
}

function deleteEntry(wire: Wire, { ends }: Conversation): void {
  const family = ends.source.includes(":") ? ["-f", "ipv6"] : [];
  const protocol = ends.protocol === TCP ? "tcp" : "udp";
  run(
    wire.gateway,
    "conntrack",
    "-D",
    ...family,
    "-p",
    protocol,
    "-s",
    ends.source,
    "--sport",
    String(ends.sourcePort),
  );
}

/** Connections that are not known yet do not get through any more. */
function refuseNew(wire: Wire): void {
  runNft(wire.gateway, "insert rule inet filter forward ct state new drop\n");
}
