import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { after, before, beforeEach, describe, test } from "node:test";
import { formatIpv4, parseIpv4 } from "../../src/address/ipv4.ts";
import { parseIpv4Range, type Ipv4Range } from "../../src/address/ipv4-range.ts";
import { isKernelError } from "../../src/kernel/error.ts";
import { runNft } from "../../src/kernel/nftables.ts";
import { connectionAt, createConnectionSet } from "../../src/lab/generator/connection.ts";
import { fillConnections, type FillOptions, type FillProgress, type FillReport } from "../../src/lab/generator/fill.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { buildThreeNamespaces, execIn, generatorEnds, type ThreeNamespaces } from "../fixtures/three-namespaces.ts";

const skipEbpf = withoutEbpf();
const skipRoot = process.getuid?.() === 0 ? false : "building network namespaces needs root";

const POOL = "61.138.177.3-61.138.177.30";

function range(text: string): Ipv4Range {
  const parsed = parseIpv4Range(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
}

const SUBSCRIBERS = [range("10.64.0.0/22"), range("10.65.0.10-10.65.0.19")];

/** The tuples of `conntrack -L`, original direction, as the generator's set has them. */
function tuplesOf(lines: readonly string[]): Set<string> {
  return new Set(
    lines.map((line) => {
      const [, source, destination, sourcePort, destinationPort] =
        /src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/.exec(line) ?? [];
      return `${source}:${sourcePort} ${destination}:${destinationPort}`;
    }),
  );
}

function expectedTuples(connections: number, seed: number): Set<string> {
  const destinations = { address: 0xc6120000, length: 15 };
  const set = createConnectionSet({ connections, seed, subscribers: SUBSCRIBERS, destinations });
  const tuples = new Set<string>();
  for (let index = 0; index < connections; index++) {
    const { source, sourcePort, destination, destinationPort } = connectionAt(set, index);
    tuples.add(`${formatIpv4(source)}:${sourcePort} ${formatIpv4(destination)}:${destinationPort}`);
  }
  return tuples;
}

/** A report without what differs from run to run. */
function counted(report: FillReport): Record<string, number> {
  const { connections, sent, delivered, answered, acknowledged, refused, strays, moved } = report;
  return { connections, sent, delivered, answered, acknowledged, refused, strays, moved };
}

function attachedPrograms(net: ThreeNamespaces): string[] {
  return [
    [net.inside, "lan"],
    [net.outside, "wan"],
  ]
    .filter(([namespace = "", link = ""]) => execIn(namespace, "ip", "link", "show", link).includes("prog/xdp"))
    .map(String);
}

for (const method of ["xdp", "packet-socket"] as const) {
  describe(`filling a gateway by ${method}`, { skip: method === "xdp" ? skipEbpf : skipRoot }, () => {
    let net: ThreeNamespaces;
    before(() => {
      net = buildThreeNamespaces("gen", `oifname wan snat ip to ${POOL} persistent`);
    });
    after(() => net.remove());
    beforeEach(() => void net.conntrack("-F"));

    const udp = method === "xdp" ? 50_000 : 10_000;
    const tcp = method === "xdp" ? 20_000 : 5_000;

    test(`${udp} UDP connections, all replied; the same seed adds none`, async () => {
      const options: FillOptions = {
        ...generatorEnds(net),
        method,
        subscribers: SUBSCRIBERS,
        connections: udp,
        protocol: "udp",
        record: true,
      };
      const progress: FillProgress[] = [];
      const report = await fillConnections({ ...options, onProgress: (now) => void progress.push(now) });
      assert.deepEqual(counted(report), {
        connections: udp,
        sent: udp,
        delivered: udp,
        answered: udp,
        acknowledged: 0,
        refused: 0,
        strays: 0,
        moved: 0,
      });
      assert.equal(report.subscribers, 1034);
      assert.deepEqual(net.conntrack("-C"), [String(udp)]);
      const entries = net.conntrack("-L", "-p", "udp");
      assert.deepEqual(tuplesOf(entries), expectedTuples(udp, 1));
      assert.equal(entries.filter((line) => line.includes("[UNREPLIED]")).length, 0);

      assert.deepEqual(progress.at(-1), { connections: udp, sent: udp, delivered: udp, answered: udp });
      assert.ok(progress.every((now, index) => now.sent >= (progress[index - 1]?.sent ?? 0)));

      const again = await fillConnections(options);
      assert.equal(again.delivered, udp);
      assert.equal(again.answered, udp);
      assert.deepEqual(net.conntrack("-C"), [String(udp)]);
      assert.deepEqual(again.mappings, report.mappings);
    });

    test("another seed adds other connections", async () => {
      const options: FillOptions = {
        ...generatorEnds(net),
        method,
        subscribers: SUBSCRIBERS,
        connections: 2000,
        protocol: "udp",
      };
      await fillConnections({ ...options, seed: 5 });
      const report = await fillConnections({ ...options, seed: 6 });
      assert.deepEqual([report.delivered, report.seed], [2000, 6]);
      assert.deepEqual(net.conntrack("-C"), ["4000"]);
    });

    test(`${tcp} TCP connections, all established and assured; the same seed adds none`, async () => {
      const options: FillOptions = {
        ...generatorEnds(net),
        method,
        subscribers: SUBSCRIBERS,
        connections: tcp,
        protocol: "tcp",
      };
      for (const time of ["first", "second"]) {
        const report = await fillConnections(options);
        assert.deepEqual(
          counted(report),
          {
            connections: tcp,
            sent: tcp,
            delivered: tcp,
            answered: tcp,
            acknowledged: tcp,
            refused: 0,
            strays: 0,
            moved: 0,
          },
          time,
        );
        assert.deepEqual(net.conntrack("-C"), [String(tcp)]);
        const entries = net.conntrack("-L", "-p", "tcp");
        assert.equal(entries.filter((line) => / ESTABLISHED .*\[ASSURED\]/.test(line)).length, tcp);
        assert.deepEqual(tuplesOf(entries), expectedTuples(tcp, 1));
      }
    });

    test("UDP connections are assured if asked", async () => {
      await fillConnections({
        ...generatorEnds(net),
        method,
        subscribers: SUBSCRIBERS,
        connections: 1000,
        protocol: "udp",
        assured: true,
      });
      assert.equal(net.conntrack("-L").filter((line) => line.includes("[ASSURED]")).length, 1000);
    });

    test("the report tells the public addresses and each subscriber's ports as the kernel has them", async () => {
      const report = await fillConnections({
        ...generatorEnds(net),
        method,
        subscribers: SUBSCRIBERS,
        connections: 5000,
        protocol: "udp",
        record: true,
      });
      const uses = new Map<string, number[]>();
      const mapped = new Map<string, number[]>();
      for (const line of net.conntrack("-L")) {
        const [, subscriber = "", address = "", port = ""] =
          /^\S+ +\S+ \S+ src=(\S+) .* src=\S+ dst=(\S+) sport=\d+ dport=(\d+)/.exec(line) ?? [];
        uses.set(address, [...(uses.get(address) ?? []), Number(port)]);
        mapped.set(`${subscriber} ${address}`, [...(mapped.get(`${subscriber} ${address}`) ?? []), Number(port)]);
      }
      assert.deepEqual(
        report.publicAddresses.map((use) => [
          formatIpv4(use.address),
          use.connections,
          use.ports.first,
          use.ports.last,
        ]),
        [...uses]
          .map(([address, ports]) => [address, ports.length, Math.min(...ports), Math.max(...ports)] as const)
          .toSorted((a, b) => (parseIpv4(a[0]) ?? 0) - (parseIpv4(b[0]) ?? 0)),
      );
      assert.deepEqual(
        new Map(
          report.mappings.map((of) => [`${formatIpv4(of.subscriber)} ${formatIpv4(of.publicAddress)}`, of.ports]),
        ),
        new Map([...mapped].map(([key, ports]) => [key, { first: Math.min(...ports), last: Math.max(...ports) }])),
      );
      assert.equal(report.mappings.length, 1034);
    });

    test("what the gateway drops is refused, and only that", async () => {
      runNft(
        net.gateway,
        "table ip test { chain forward { type filter hook forward priority 0; ip saddr 10.64.2.0/23 drop; }; }",
      );
      try {
        const report = await fillConnections({
          ...generatorEnds(net),
          method,
          subscribers: [range("10.64.0.0/22")],
          connections: 2048,
          protocol: "udp",
          patienceMs: 300,
        });
        assert.deepEqual([report.sent, report.delivered, report.answered, report.refused], [2048, 1024, 1024, 1024]);
      } finally {
        runNft(net.gateway, "delete table ip test");
      }
    });

    test("a gateway that takes nothing for a second has them all in the end", async () => {
      let still: NodeJS.Timeout | undefined;
      const stand = () => {
        runNft(net.gateway, "table ip test { chain still { type filter hook prerouting priority -350; drop; }; }");
        return setTimeout(() => runNft(net.gateway, "delete table ip test"), 1000);
      };
      const report = await fillConnections({
        ...generatorEnds(net),
        method,
        subscribers: SUBSCRIBERS,
        connections: 30_000,
        protocol: "udp",
        onProgress: ({ sent }) => void (sent > 10_000 && (still ??= stand())),
      });
      assert.notEqual(still, undefined);
      assert.deepEqual([report.delivered, report.answered, report.refused], [30_000, 30_000, 0]);
    });

    test("a rate is kept", async () => {
      // 1000 a second: 400 take at least 380 ms, however fast the machine; never asked how much longer.
      const report = await fillConnections({
        ...generatorEnds(net),
        method,
        subscribers: SUBSCRIBERS,
        connections: 400,
        protocol: "udp",
        rate: 1000,
      });
      assert.equal(report.delivered, 400);
      assert.ok(report.seconds >= 0.38, `${report.seconds} s`);
    });

    test("an abort ends it with the signal's reason, and leaves nothing attached", async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const fill = fillConnections({
        ...generatorEnds(net),
        method,
        subscribers: SUBSCRIBERS,
        connections: 100_000,
        protocol: "udp",
        rate: 10_000,
        signal: controller.signal,
        onProgress: ({ sent }) => sent > 1000 && controller.abort(reason),
      });
      await assert.rejects(fill, (error) => error === reason);
      assert.deepEqual(attachedPrograms(net), []);
      assert.equal(execIn(net.outside, "nft", "list", "tables"), "");
      const count = Number(net.conntrack("-C")[0]);
      assert.ok(count > 1000 && count < 100_000, `${count} connections`);
    });

    test("a failure leaves nothing attached", async () => {
      const outside = { namespace: net.outside, interface: "nowhere" };
      const fill = fillConnections({
        ...generatorEnds(net),
        outside,
        method,
        subscribers: SUBSCRIBERS,
        connections: 10,
        protocol: "udp",
      });
      await assert.rejects(fill, (error) => isKernelError(error, "kernel-not-found"));
      assert.deepEqual(attachedPrograms(net), []);
      assert.equal(execIn(net.inside, "nft", "list", "tables"), "");
      assert.equal(execIn(net.outside, "nft", "list", "tables"), "");
    });

    test("real traffic goes on beside it, to the same destinations, too", async () => {
      execIn(net.outside, "ip", "address", "add", "198.18.7.7/32", "dev", "lo");
      const server = serve(net, "198.18.7.7");
      try {
        const fill = fillConnections({
          ...generatorEnds(net),
          method,
          subscribers: SUBSCRIBERS,
          connections: 20_000,
          protocol: "tcp",
          rate: 20_000,
        });
        const answers: string[] = [];
        for (let time = 0; time < 5; time++) answers.push(await ask(net, "10.64.0.77", "198.18.7.7"));
        assert.deepEqual(
          answers,
          Array.from({ length: 5 }, () => "hello\n"),
        );
        assert.equal((await fill).acknowledged, 20_000);
        // Still there when the programs have gone.
        assert.equal(await ask(net, "10.64.0.77", "198.18.7.7"), "hello\n");
      } finally {
        server.kill();
        execIn(net.outside, "ip", "address", "del", "198.18.7.7/32", "dev", "lo");
      }
    });
  });
}

/** A TCP service that says hello, on port 80 of the address. */
function serve(net: ThreeNamespaces, address: string): ChildProcess {
  return spawn(
    "ip",
    ["netns", "exec", net.outside, "socat", `TCP-LISTEN:80,bind=${address},reuseaddr,fork`, "EXEC:echo hello"],
    { stdio: "ignore" },
  );
}

/** What the service says to a subscriber. */
async function ask(net: ThreeNamespaces, subscriber: string, address: string): Promise<string> {
  const client = spawn(
    "ip",
    ["netns", "exec", net.inside, "socat", "-T5", "-", `TCP:${address}:80,bind=${subscriber},retry=20,interval=0.1`],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let said = "";
  client.stdout.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  await new Promise((resolve) => client.on("close", resolve));
  return said;
}
