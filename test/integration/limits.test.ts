import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { readFastPathStatus } from "../../src/fastpath/status.ts";
import { turnOffFastPath } from "../../src/fastpath/turn-off.ts";
import { turnOnFastPath } from "../../src/fastpath/turn-on.ts";
import { spawnInNamespace } from "../../src/kernel/namespace.ts";
import { buildScene, type Scene } from "../../src/lab/drill/scene.ts";
import { holdLow } from "../../src/lab/drill/low-limit.ts";
import { readLimitUse } from "../../src/observe/limits.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";

const FILE = `version: 1
name: limited
links:
  wan: { interface: wan, addresses: [203.0.113.2/24], gateway: 203.0.113.1 }
  lan: { interface: lan, addresses: [10.64.0.1/16] }
pools:
  public: { addresses: 203.0.113.10-203.0.113.13 }
source-nat:
  - { name: office, from: 10.64.1.0-10.64.4.255, out: wan, to: public }
capacity: { subscribers: 1024, connections-per-subscriber: 100 }
`;
const FLOODER = { first: 0x0a400105, last: 0x0a400105 };
const FLOODER_ADDRESS = "10.64.1.5";
const OUTSIDE = "203.0.113.1";
const ECHO = 7;

async function sceneWith(t: TestContext, limits: string): Promise<Scene> {
  const scene = await buildScene(FILE + limits);
  t.after(() => scene.close());
  return scene;
}

test(
  "a subscriber that opens 100,000 connections comes to its own limit, and all others connect",
  NEEDS_ROOT,
  async (t) => {
    const limit = 500;
    const scene = await sceneWith(t, `limits: { per-subscriber: { connections: ${limit} } }\n`);
    const client = await scene.client("inside");
    const flood = scene.fillTable({ connections: 100_000, subscribers: [FLOODER], rate: 20_000 });
    const answers = [];
    for (let round = 0; round < 20; round++) {
      const requests = Array.from({ length: 20 }, (_, host) =>
        client.tcpExchange({ from: `10.64.2.${host + 1}`, to: OUTSIDE, port: ECHO, text: `round ${round}` }),
      );
      answers.push(...(await Promise.allSettled(requests)));
    }
    const connected = answers.filter(({ status }) => status === "fulfilled").length;
    await flood;
    assert.ok(connected >= answers.length * 0.99, `${connected} of ${answers.length} connected`);
    const entries = scene.run("gateway", "conntrack", "-L", "-s", FLOODER_ADDRESS).trim().split("\n");
    assert.ok(entries.length <= limit && entries.length > limit / 2, `${entries.length} entries`);
    const use = readLimitUse(scene.gateway);
    assert.deepEqual(
      use?.refused.map(({ address, rate }) => [address, rate]),
      [[FLOODER_ADDRESS, 0]],
    );
    assert.ok((use?.refused[0]?.connections ?? 0) >= 100_000 - limit);
    // ICMP, administratively prohibited: what a program makes of it.
    await assert.rejects(
      client.tcpExchange({ from: FLOODER_ADDRESS, to: OUTSIDE, port: ECHO, text: "more" }),
      /EHOSTUNREACH/,
    );
  },
);

test("a subscriber begins connections no faster than it may", NEEDS_ROOT, async (t) => {
  const scene = await sceneWith(
    t,
    "limits: { per-subscriber: { new-connections: { rate: 10/s, burst: 50 } }, groups: [{ name: free, members: 10.64.2.0/24, per-subscriber: { new-connections: unlimited } }] }\n",
  );
  await scene.fillTable({ connections: 1000, subscribers: [FLOODER] });
  await scene.fillTable({ connections: 1000, subscribers: [{ first: 0x0a400205, last: 0x0a400205 }] });
  const use = readLimitUse(scene.gateway);
  assert.deepEqual(
    use?.refused.map(({ address, connections }) => [address, connections]),
    [[FLOODER_ADDRESS, 0]],
  );
  const count = (source: string): number =>
    scene.run("gateway", "conntrack", "-L", "-s", source).split("\n").length - 1;
  assert.ok(count(FLOODER_ADDRESS) >= 50 && count(FLOODER_ADDRESS) < 500, String(count(FLOODER_ADDRESS)));
  assert.equal(count("10.64.2.5"), 1000);
});

const TABLE = 20_000;

test(
  "with the connection table full the gateway's reserved port still answers, and so does who is connected",
  NEEDS_ROOT,
  async (t) => {
    const scene = await sceneWith(t, "limits: { reserve: { management-ports: 22 } }\n");
    for (const port of [22, 23]) {
      const server = spawnInNamespace(scene.gateway, "socat", [`TCP-LISTEN:${port},reuseaddr,fork`, "EXEC:cat"], {
        stdio: "ignore",
      });
      t.after(() => server.kill());
    }
    const session = spawnInNamespace(
      scene.inside,
      "socat",
      ["-", `TCP:${OUTSIDE}:${ECHO},bind=10.64.2.1,retry=20,interval=0.1`],
      { stdio: ["pipe", "pipe", "ignore"] },
    );
    t.after(() => session.kill());
    const { stdin, stdout } = session;
    assert.ok(stdin !== null && stdout !== null);
    stdout.setEncoding("utf8");
    const says = async (text: string): Promise<void> => {
      const heard = once(stdout, "data");
      stdin.write(text);
      assert.deepEqual(await heard, [text]);
    };
    await says("before");
    await scene.fillTable({ connections: TABLE, assured: true });
    await holdLow(scene, "net.netfilter.nf_conntrack_max", TABLE);
    const [inside, outside] = [await scene.client("inside"), await scene.client("outside")];
    const toGateway = (port: number) =>
      inside.tcpExchange({ from: "10.64.2.9", to: "10.64.0.1", port, text: "hello", timeoutMs: 1500 });
    await assert.rejects(toGateway(23), "a port that is not reserved");
    for (let time = 0; time < 10; time++) assert.equal((await toGateway(22)).text, "hello");
    const from = { from: OUTSIDE, to: "203.0.113.2", port: 22, text: "hello" };
    assert.equal((await outside.tcpExchange(from)).text, "hello");
    await says("while it is full");
  },
);

/** Mbit/s that both got at the same time. */
async function measureBoth(scene: Scene, sources: readonly string[], down: boolean): Promise<number[]> {
  const runs = sources.map(async (source, at) => {
    const port = 5201 + at;
    const server = spawnInNamespace(scene.outside, "iperf3", ["-s", "-1", "--forceflush", "-p", String(port)], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    if (server.stdout !== null) await once(server.stdout, "data");
    const words = [
      "-c",
      OUTSIDE,
      "-p",
      String(port),
      "-B",
      source,
      "-t",
      "3",
      "-O",
      "1",
      "-J",
      ...(down ? ["-R"] : []),
    ];
    const client = spawnInNamespace(scene.inside, "iperf3", words, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    client.stdout?.setEncoding("utf8").on("data", (part: string) => (text += part));
    await once(client, "close");
    server.kill();
    const report = JSON.parse(text) as { end: { sum_received?: { bits_per_second: number } }; error?: string };
    if (report.end.sum_received === undefined) throw new Error(report.error ?? text);
    return report.end.sum_received.bits_per_second / 1e6;
  });
  return await Promise.all(runs);
}

test("a subscriber with 10 Mbit/s gets them, and another the rest of the line", NEEDS_ROOT, async (t) => {
  const scene = await sceneWith(
    t,
    "limits: { line: { up: 100mbit, down: 100mbit }, groups: [{ name: slow, members: 10.64.1.5, per-subscriber: { up: 10mbit, down: 10mbit } }] }\n",
  );
  for (const down of [false, true]) {
    const [slow = 0, other = 0] = await measureBoth(scene, [FLOODER_ADDRESS, "10.64.2.9"], down);
    // HTB is exact to a percent; the rest is for machines that have other things to do.
    assert.ok(slow > 8.5 && slow < 11, `the limited one got ${slow} Mbit/s`);
    assert.ok(other > 50 && other < 101, `the other got ${other} Mbit/s`);
  }
  const use = readLimitUse(scene.gateway);
  assert.deepEqual(use?.shaped.map((one) => one.interface).toSorted(), ["lan", "wan"]);
  assert.ok(use.shaped.every(({ bytes }) => bytes > 1e6));
});

test("with the fast path on a rate still holds, and who has none takes it", NEEDS_ROOT, async (t) => {
  const scene = await sceneWith(
    t,
    "limits: { groups: [{ name: slow, members: 10.64.1.5, per-subscriber: { up: 10mbit, down: 10mbit } }] }\n",
  );
  const place = { netns: scene.gateway };
  scene.undo(() => turnOffFastPath(place));
  turnOnFastPath({ ...place, path: "tc", devices: ["wan", "lan"] });
  for (const down of [false, true]) {
    const [slow = 0, other = 0] = await measureBoth(scene, [FLOODER_ADDRESS, "10.64.2.9"], down);
    assert.ok(slow > 7 && slow < 11, `the limited one got ${slow} Mbit/s`);
    assert.ok(other > 50, `the other got ${other} Mbit/s`);
  }
  const carried = readFastPathStatus(place)?.devices.map(({ packets }) => packets) ?? [];
  assert.ok(carried.length === 2 && carried.every((packets) => packets.forwarded > 1000), JSON.stringify(carried));
});
