import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Path } from "../../src/fastpath/record.ts";
import { readFastPathStatus } from "../../src/fastpath/status.ts";
import { turnOffFastPath } from "../../src/fastpath/turn-off.ts";
import { turnOnFastPath } from "../../src/fastpath/turn-on.ts";
import { setOffload } from "../../src/kernel/ethtool.ts";
import type { Exchange } from "./translation/exchange.ts";
import { SETTINGS } from "./translation/settings.ts";
import { expectTranslated, leaks, openStage, perform, type Stage, type Sustained } from "./translation/stage.ts";

// The whole matrix of translation.test.ts once more, with most packets of a connection past netfilter.

/** UDP answered for this long is ASSURED (nf_conntrack_proto_udp.c), and only then remembered. */
const UNTIL_ASSURED_MS = 2100;
/** Enough packets for several in each direction behind the one that was learned from. */
const TIMES = { tcp: 3000, udp: 12, http: 1, icmp: 1 } as const;
/** Clear of the ports the kernel chooses itself. */
const FIRST_PORT = 20_000;
/** Source and destination in a line of tcpdump's. */
const ENDS = / (\S+) > (\S+):/;

/** Longer, and GRO has put it together: of packets whose checksums were right, without writing a new one. */
const WHOLE_PACKET = 1500;

for (const { name, id, file, exchanges } of SETTINGS) {
  describe(`translation past netfilter: ${name}`, () => {
    let stage: Stage;
    before(async () => {
      stage = await openStage(file, `f${process.pid}-${id}`, "ip");
      // The kernel then completes what is left to complete of checksums before the far end sees the packet.
      const { namespaces, links } = stage.lab.topology;
      for (const link of links) setOffload(namespaces.gateway, link.interface, "tx-checksum", false);
    });
    after(() => stage.close());

    for (const path of ["xdp", "tc"] as const) {
      describe(path, () => everyExchange(() => stage, path, exchanges));
    }
  });
}

function everyExchange(on: () => Stage, path: Path, exchanges: readonly Exchange[]): void {
  /** Ends of connections, as tcpdump writes them, that have a place on the link they were captured on. */
  const expected = { inside: new Set<string>(), outside: new Set<string>() };
  /** Of these, connections that went on past netfilter: more than one packet of each was captured. */
  const sustainedEnds: [Exchange["far"], string][] = [];
  const sustained = (exchange: Exchange): Sustained => ({
    times: TIMES[exchange.protocol],
    fromPort: FIRST_PORT + exchanges.indexOf(exchange),
  });

  before(async () => {
    const stage = on();
    const { namespaces, links } = stage.lab.topology;
    for (const side of ["inside", "outside"] as const) stage.captures[side].forget();
    // A veth end takes what XDP sends only if it polls, which GRO makes it do.
    for (const link of links) setOffload(namespaces[link.side], link.interface, "gro", path === "xdp");
    turnOnFastPath({
      netns: namespaces.gateway,
      path,
      devices: links.map((link) => link.interface),
      connections: 1000,
    });
    const datagrams = exchanges.filter(({ protocol }) => protocol === "udp");
    await Promise.all(
      datagrams.map((exchange) => perform(stage.clients[exchange.by], exchange, { ...sustained(exchange), times: 1 })),
    );
    if (datagrams.length > 0) await new Promise((resolve) => setTimeout(resolve, UNTIL_ASSURED_MS));
  });
  after(() => {
    turnOffFastPath({ netns: on().lab.topology.namespaces.gateway });
  });

  for (const exchange of exchanges) {
    it(`${exchange.by}: ${exchange.what}`, async () => {
      const stage = on();
      const counted = forwarded(stage);
      await perform(stage.clients[exchange.by], exchange, sustained(exchange));
      const packet = await expectTranslated(stage, exchange);

      const [, near = "", far = ""] = ENDS.exec(packet) ?? [];
      expected[exchange.far].add(`${near} > ${far}`).add(`${far} > ${near}`);
      if (exchange.protocol === "icmp" || exchange.by === "gateway") return;
      const now = forwarded(stage);
      for (const side of [exchange.by, exchange.far] as const) {
        assert.ok(now[side] - counted[side] >= 3, `${now[side] - counted[side]} packets from ${side} went past`);
      }
      sustainedEnds.push([exchange.far, `${near} > ${far}`], [exchange.far, `${far} > ${near}`]);
    });
  }

  it("every packet at the far ends is of one of these connections, translated, with right checksums", async () => {
    // tcpdump writes a packet's second line a little later.
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (const [side, ends] of sustainedEnds) {
      const seen = on()
        .captures[side].lines()
        .filter((line) => line.includes(` ${ends}:`));
      assert.ok(seen.length >= 2, `${seen.length} packets ${ends}`);
    }
    for (const side of ["inside", "outside"] as const) {
      const strange = on()
        .captures[side].lines()
        .filter((line) => {
          const [, source = "", destination = ""] = ENDS.exec(line) ?? [];
          const isOwn = exchanges.some((exchange) => isAtCaller(exchange, side, source, destination));
          return !isOwn && !expected[side].has(`${source} > ${destination}`);
        });
      assert.deepEqual(strange, [], side);
      const wrong = on()
        .captures[side].lines()
        .filter(
          (line) =>
            /\(incorrect|bad (udp )?cksum/.test(line) && Number(/ length (\d+)\)/.exec(line)?.[1] ?? 0) <= WHOLE_PACKET,
        );
      assert.deepEqual(wrong, [], side);
    }
  });

  it("no inside address was seen outside but where the file says so", () => {
    assert.deepEqual(leaks(on()), []);
  });
}

/** Whether a packet is what the caller sends and gets on its own link, as it is. */
function isAtCaller(exchange: Exchange, side: Exchange["far"], source: string, destination: string): boolean {
  const { by, from, to, port } = exchange;
  const service = port === undefined ? to : `${to}.${port}`;
  const isClient = (end: string): boolean => end === from || end.startsWith(`${from}.`);
  return (
    by === side && ((isClient(source) && destination === service) || (source === service && isClient(destination)))
  );
}

/** Packets that came from each side and went past netfilter. */
function forwarded(stage: Stage): Record<"inside" | "outside", number> {
  const { namespaces, links } = stage.lab.topology;
  const status = readFastPathStatus({ netns: namespaces.gateway });
  assert.ok(status !== undefined && status.whole);
  const sums = { inside: 0, outside: 0 };
  for (const device of status.devices) {
    const link = links.find((candidate) => candidate.interface === device.name);
    assert.ok(link !== undefined);
    sums[link.side] += device.packets.forwarded;
  }
  return sums;
}
