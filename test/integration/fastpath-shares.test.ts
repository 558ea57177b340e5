import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readFastPathStatus } from "../../src/fastpath/status.ts";
import { turnOffFastPath } from "../../src/fastpath/turn-off.ts";
import { meganat, ROOT } from "../cli/run-meganat.ts";
import { Conversation, everyKind } from "../fixtures/fast-path/conversation.ts";
import { FLAGS } from "../fixtures/fast-path/packet.ts";
import { openWire, type Wire } from "../fixtures/fast-path/wire.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";

/** Nothing is asked of the kernel again while a test runs. */
const LASTING = { fresh: 600, longest: 3600 } as const;

/** Packets and bytes of each connection there and back, by the source port of the first packet; of conntrack's lines. */
function countsIn(lines: string): Map<string, string> {
  const found = lines.matchAll(/ sport=(40\d\d) .*?packets=(\d+) bytes=(\d+) .*?packets=(\d+) bytes=(\d+)/g);
  return new Map([...found].map(([, port = "", ...counts]) => [port, counts.join(" ")]));
}

const byKernel = ({ gateway }: Wire): Map<string, string> =>
  countsIn(["ipv4", "ipv6"].map((family) => run(gateway, "conntrack", "-L", "-f", family)).join(""));

function byMeganat({ gateway }: Wire): Map<string, string> {
  const { stdout, stderr, status } = meganat(["flows", "list", "-o", "conntrack", "--netns", gateway]);
  assert.equal(status, 0, stderr);
  return countsIn(stdout);
}

/** Conversations of every kind, long and short packets, all the way. */
async function converse(wire: Wire, rounds = 12): Promise<Conversation[]> {
  const conversations = await Conversation.openAll(Object.values(everyKind(wire)));
  for (const conversation of conversations) {
    for (let round = 0; round < rounds; round++) {
      await conversation.callAndArrive({ payload: Buffer.alloc(round * 100) });
      if (round % 3 === 0) await conversation.answerAndArrive({ payload: Buffer.alloc(1200) });
    }
  }
  return conversations;
}

for (const path of ["xdp", "tc"] as const) {
  describe(`what the fast path forwards is added to the counters of connections: ${path}`, NEEDS_ROOT, () => {
    it("all of every kind, as the kernel would have counted", async (t) => {
      const wire = openWire(t);
      run(wire.gateway, "sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1");
      await converse(wire);
      const expected = byKernel(wire);
      assert.equal(expected.size, 8);
      assert.deepEqual(byMeganat(wire), expected);
      run(wire.gateway, "conntrack", "-F");

      wire.turnOn(path, LASTING);
      assert.equal(readFastPathStatus({ netns: wire.gateway })?.countsConnections, true);
      await converse(wire);
      for (const [port, counts] of byKernel(wire)) assert.notEqual(counts, expected.get(port), "all by the kernel");
      assert.deepEqual(byMeganat(wire), expected);
    });

    it("a new connection with the addresses and ports of another begins at nothing", async (t) => {
      const wire = openWire(t);
      run(wire.gateway, "sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1");
      wire.turnOn(path, LASTING);
      const kind = everyKind(wire)["TCP, source translated"] ?? assert.fail();
      const counts: (string | undefined)[] = [];
      for (let time = 0; time < 3; time++) {
        const conversation = await Conversation.open(kind);
        for (let round = 0; round < 5; round++) {
          await conversation.callAndArrive();
          await conversation.answerAndArrive();
        }
        counts.push(byMeganat(wire).get(String(kind.sourcePort)));
        await conversation.callAndArrive({ flags: FLAGS.rst | FLAGS.ack });
        run(wire.gateway, "conntrack", "-D", "-p", "tcp");
      }
      // SYN, ACK and six with seven bytes; SYN and six of the answers.
      assert.match(counts[0] ?? "", /^8 \d+ 7 \d+$/);
      assert.deepEqual(counts, [counts[0], counts[0], counts[0]]);
    });

    it("a connection's end says what it was in all", async (t) => {
      const wire = openWire(t);
      run(wire.gateway, "sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1", "net.netfilter.nf_conntrack_events=1");
      wire.turnOn(path, LASTING);
      const conversation = await Conversation.open(everyKind(wire)["TCP over IPv6"] ?? assert.fail());
      for (let round = 0; round < 20; round++) await conversation.callAndArrive();
      const listening = spawn(join(ROOT, "bin/meganat"), [
        "events",
        "--kind",
        "destroy",
        "--limit",
        "1",
        "--netns",
        wire.gateway,
      ]);
      let text = "";
      for await (const data of listening.stdout) {
        if (text === "") run(wire.gateway, "conntrack", "-D", "-f", "ipv6");
        text += String(data);
      }
      assert.match(text, /listening.*packets and bytes include what the fast path forwarded/);
      // SYN, ACK and 21 with data; SYN and one of the answers.
      assert.match(countsIn(text).get("4007") ?? "", /^23 \d+ 2 \d+$/);
    });

    it("counters that are without it say so", (t) => {
      const wire = openWire(t);
      wire.turnOn(path, LASTING);
      const flows = (): unknown => {
        const { stdout } = meganat(["flows", "list", "--json", "--netns", wire.gateway]);
        return (JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>)["fastPathCounted"];
      };
      assert.equal(flows(), undefined);
      run(wire.gateway, "sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1");
      assert.equal(flows(), false);
      const { stderr } = meganat(["flows", "list", "--netns", wire.gateway]);
      assert.match(stderr, /without what the fast path forwarded.*\n.*fix: `meganat fastpath on` once more/);
      wire.turnOn(path, LASTING);
      assert.equal(flows(), true);
      turnOffFastPath({ netns: wire.gateway });
      assert.equal(flows(), undefined);
    });
  });
}
