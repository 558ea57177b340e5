import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { runCommandLine } from "../../src/cli/run.ts";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import type { CardsProposals, Place } from "../../src/plan/cards/proposal.ts";
import { allCards } from "../../src/plan/cards/resolve-cards.ts";
import { carryOutTuning, proposeTuning, undoTuning } from "../../src/tune/carry-out.ts";
import { placeWords, readPlace, writePlace } from "../../src/tune/place-value.ts";
import { readCardsFacts, readLinkFacts } from "../../src/tune/read-facts.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

const CHILD = [...loaderWords(import.meta.url), fileURLToPath(ownModule("../fixtures/tune-child", import.meta.url))];

/** Queues of the pair: more than the machine has CPUs, so that fewer are proposed, whatever it has. */
const QUEUES = readCardsFacts(undefined, []).cpus.length + 2;

/** With one CPU there is nothing to spread. */
const NEEDS_CPUS = { skip: NEEDS_ROOT.skip !== false || QUEUES > 3 ? NEEDS_ROOT.skip : "needs two CPUs" };

interface Bench {
  readonly namespace: string;
  readonly directory: string;
}

/** A namespace with a veth pair of `queues` queues each way, and a directory for the ledger. */
function bench(t: TestContext, queues = QUEUES): Bench {
  const namespace = ownNamespace(t);
  const many = ["numtxqueues", `${queues}`, "numrxqueues", `${queues}`];
  run(namespace, "ip", "link", "add", "wan0", ...many, "type", "veth", "peer", "name", "lan0", ...many);
  run(namespace, "ip", "link", "set", "wan0", "up");
  run(namespace, "ip", "link", "set", "lan0", "up");
  run(namespace, "ethtool", "-K", "wan0", "gro", "off");
  const directory = mkdtempSync(join(tmpdir(), "meganat-tune-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return { namespace, directory };
}

/** How the card is, as ethtool and /sys have it. */
function seen(namespace: string, card: string): Record<string, string> {
  const channels = /Current hardware settings:\n((?:.+\n)*)/.exec(run(namespace, "ethtool", "-l", card))?.[1] ?? "";
  const gro = /generic-receive-offload: (\w+)/.exec(run(namespace, "ethtool", "-k", card))?.[1] ?? "";
  // `ip netns exec` mounts /sys anew, for the namespace.
  const script =
    'cd /sys/class/net/$0/queues && for file in */?ps_cpus; do mask=$(cat $file 2>/dev/null) && echo "$file $mask" || true; done';
  const queues = run(undefined, "ip", "netns", "exec", namespace, "sh", "-c", script, card);
  const steering = [...queues.matchAll(/^(\S+)\/(.ps)_cpus (\S*)$/gm)];
  return {
    rx: /RX:\s+(\S+)/.exec(channels)?.[1] ?? "",
    tx: /TX:\s+(\S+)/.exec(channels)?.[1] ?? "",
    gro,
    ...Object.fromEntries(steering.map(([, queue = "", kind = "", mask = ""]) => [`${kind} ${queue}`, mask])),
  };
}

async function meganat(...args: string[]): Promise<{ readonly status: number; readonly written: string }> {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) };
  const status = await runCommandLine(args, { stdout: stream, stderr: stream, environment: {} });
  return { status, written: written.join("") };
}

function cardNames(proposals: unknown): string[] {
  return (proposals as CardsProposals).cards.map(({ card }) => card);
}

function setMask(namespace: string, path: string, mask: string): void {
  const script = `echo ${mask} > /sys/class/net/${path}`;
  run(undefined, "ip", "netns", "exec", namespace, "sh", "-c", script);
}

void test("tuning does what it proposes, as ethtool and /sys see it, and takes it back", NEEDS_CPUS, (t) => {
  const { namespace, directory } = bench(t);
  const place = { namespace, directory };
  const cpus = readCardsFacts(namespace, []).cpus;
  // What somebody set of a queue that goes away and comes back must come back too.
  const last = QUEUES - 1;
  setMask(namespace, `wan0/queues/rx-${last}/rps_cpus`, "1");
  setMask(namespace, "wan0/queues/rx-0/rps_cpus", "1");
  const before = seen(namespace, "wan0");
  assert.deepEqual([before["rx"], before["gro"], before[`rps rx-${last}`]], [`${QUEUES}`, "off", "1"]);

  const carried = carryOutTuning(place, ["wan0"]);
  assert.deepEqual(
    carried.filter(({ refused }) => refused !== undefined),
    [],
  );
  const wanted: Record<string, string> = { rx: `${cpus.length}`, tx: `${cpus.length}`, gro: "on" };
  for (const [queue, cpu] of cpus.entries()) {
    wanted[`rps rx-${queue}`] = "0";
    wanted[`xps tx-${queue}`] = (2 ** cpu).toString(16);
  }
  assert.deepEqual(seen(namespace, "wan0"), wanted);
  assert.ok(proposeTuning(namespace, ["wan0"]).cards[0]?.proposals.every(({ verdict }) => verdict !== "change"));
  assert.deepEqual(carryOutTuning(place, ["wan0"]), []);

  const { done, left } = undoTuning(place);
  assert.deepEqual(left, []);
  assert.ok(
    done.includes(`queues of wan0 is rx ${QUEUES} tx ${QUEUES} again (was rx ${cpus.length} tx ${cpus.length})`),
  );
  assert.deepEqual(seen(namespace, "wan0"), before);
  assert.deepEqual(undoTuning(place), { done: [], left: [] });
});

void test("what somebody else has set since stays", NEEDS_CPUS, (t) => {
  const { namespace, directory } = bench(t);
  carryOutTuning({ namespace, directory }, ["wan0"]);
  run(namespace, "ethtool", "-K", "wan0", "gro", "off");
  setMask(namespace, "wan0/queues/tx-0/xps_cpus", "2");
  const { left } = undoTuning({ namespace, directory });
  assert.deepEqual(left, ["XPS of queue 0 of wan0 is 1 now: somebody else has set it since"]);
  assert.deepEqual([seen(namespace, "wan0")["gro"], seen(namespace, "wan0")["xps tx-0"]], ["off", "2"]);
});

void test("tuned twice, the values from before the first time come back", NEEDS_ROOT, (t) => {
  const { namespace, directory } = bench(t);
  const before = seen(namespace, "wan0");
  carryOutTuning({ namespace, directory }, ["wan0"]);
  run(namespace, "ethtool", "-K", "wan0", "gro", "off");
  assert.equal(carryOutTuning({ namespace, directory }, ["wan0"]).length, 1);
  undoTuning({ namespace, directory });
  assert.deepEqual(seen(namespace, "wan0"), before);
});

void test("a card that goes while it is tuned is left, and undoing says so", NEEDS_ROOT, (t) => {
  const { namespace, directory } = bench(t);
  carryOutTuning({ namespace, directory }, ["wan0"]);
  run(namespace, "ip", "link", "delete", "wan0");
  const { done, left } = undoTuning({ namespace, directory });
  assert.deepEqual(done, []);
  assert.ok(left.includes("queues of wan0 is not there any more"));
  assert.deepEqual(undoTuning({ namespace, directory }), { done: [], left: [] });
});

void test("a value that the kernel refuses is left, and not on record", NEEDS_ROOT, (t) => {
  const { namespace } = bench(t);
  const places: readonly (readonly [Place, string])[] = [
    [{ kind: "channels", device: "wan0" }, "rx 4096 tx 1"],
    [{ kind: "ring", device: "wan0", ring: "rx" }, "4096"],
    [{ kind: "adaptive", device: "wan0", direction: "rx" }, "on"],
    [{ kind: "feature", device: "wan0", feature: "rx-lro" }, "on"],
    [{ kind: "rps", device: "wan0", queue: 4000 }, "0"],
    [{ kind: "irq", irq: 4_000_000 }, "0"],
  ];
  for (const [place, value] of places) {
    assert.throws(() => writePlace(namespace, place, value), { name: "KernelError" }, placeWords(place));
  }
  assert.equal(readPlace(namespace, { kind: "feature", device: "gone0", feature: "rx-gro" }), undefined);
});

void test("killed at any step, what was changed is on record", NEEDS_CPUS, (t) => {
  const { namespace, directory } = bench(t);
  const before = seen(namespace, "wan0");
  const whole = carryOutTuning({ namespace, directory }, ["wan0"]).length;
  undoTuning({ namespace, directory });
  assert.ok(whole >= 3);
  for (let step = 1; step <= whole; step++) {
    for (const stage of ["recorded", "changed"]) {
      const words = [...CHILD, namespace, directory, stage, `${step}`, "wan0"];
      // 128 and more: ended by a signal.
      assert.equal(runInNamespace(undefined, process.execPath, words).status, 128);
      const changed = stage === "recorded" ? step - 1 : step;
      if (step % 2 === 0) assert.equal(carryOutTuning({ namespace, directory }, ["wan0"]).length, whole - changed);
      const { done, left } = undoTuning({ namespace, directory });
      assert.deepEqual([done.length, left], [step % 2 === 0 ? whole : changed, []]);
      assert.deepEqual(seen(namespace, "wan0"), before, `killed at step ${step}, ${stage}`);
    }
  }
});

void test(
  "a card with one queue: the kernel spreads its packets, and nothing is set that it has not",
  NEEDS_ROOT,
  (t) => {
    const { namespace, directory } = bench(t, 1);
    const { cpus } = readCardsFacts(namespace, []);
    carryOutTuning({ namespace, directory }, ["wan0"]);
    const all = cpus.reduce((mask, cpu) => mask + 2 ** cpu, 0).toString(16);
    assert.deepEqual(seen(namespace, "wan0"), {
      rx: "1",
      tx: "1",
      gro: "on",
      "rps rx-0": cpus.length === 1 ? "0" : all,
    });
  },
);

void test("VLANs and bridges stand for the cards below, in the namespace asked for", NEEDS_ROOT, async (t) => {
  const { namespace } = bench(t);
  run(namespace, "ip", "link", "add", "br0", "type", "bridge");
  run(namespace, "ip", "link", "set", "lan0", "master", "br0");
  const links = readLinkFacts(namespace);
  assert.deepEqual(links.find(({ name }) => name === "br0")?.members, ["lan0"]);
  assert.deepEqual(allCards(links).cards.toSorted(), ["lan0", "wan0"]);
  const { status, written } = await meganat("tune", "br0", "--netns", namespace, "--json");
  assert.deepEqual([status, cardNames(JSON.parse(written))], [0, ["lan0"]]);
  const unknown = await meganat("tune", "lan7", "--netns", namespace, "--json");
  assert.match(unknown.written, /"code":"tune-devices","message":"there is no interface lan7 here"/);
  assert.equal(unknown.status, 2);
});

void test(
  "a macvlan is tuned by what it is on, and by nothing where that is in another namespace",
  NEEDS_ROOT,
  async (t) => {
    const { namespace } = bench(t);
    const elsewhere = ownNamespace(t);
    const add = (name: string): number | null =>
      runInNamespace(namespace, "ip", ["link", "add", name, "link", "wan0", "type", "macvlan"]).status;
    if (add("mv0") !== 0) return t.skip("this kernel has no macvlan");
    const { status, written } = await meganat("tune", "mv0", "--netns", namespace, "--json");
    const { shares } = JSON.parse(written) as { readonly shares: unknown };
    assert.deepEqual([status, cardNames(JSON.parse(written))], [0, ["wan0"]]);
    assert.deepEqual(shares, [
      { name: "mv0", reason: "a macvlan on wan0: it has no queues, rings or interrupts of its own, wan0 is tuned" },
    ]);
    assert.equal(add("mv1"), 0);
    run(namespace, "ip", "link", "set", "mv1", "netns", elsewhere);
    for (const words of [["tune"], ["tune", "mv1"]]) {
      const there = await meganat(...words, "--netns", elsewhere);
      assert.equal(there.status, 0);
      assert.match(there.written, /^mv1: a macvlan on an interface of another namespace/m);
      assert.match(there.written, /^There is no card to tune here\.$/m);
    }
  },
);

void test("a plan has the cards of its file that are here", NEEDS_ROOT, async (t) => {
  const { namespace, directory } = bench(t);
  const file = join(directory, "home.yaml");
  const home = readFileSync(new URL("../../examples/home.yaml", import.meta.url), "utf8");
  writeFileSync(file, home.replace("eth0", "wan0").replace("eth1", "lan7"));
  const { written } = await meganat("plan", file, "--netns", namespace, "--json");
  const { networkCards } = JSON.parse(written) as { readonly networkCards: unknown };
  assert.deepEqual(cardNames(networkCards), ["wan0"]);
  const text = await meganat("plan", file, "--netns", namespace);
  assert.match(text.written, /\nNetwork cards\n(?: .*\n)* {2}wan0 GRO: off -> on\n/);
  writeFileSync(file, home.replace("eth0", "wan7").replace("eth1", "lan7"));
  assert.doesNotMatch((await meganat("plan", file, "--netns", namespace)).written, /Network cards/);
});

void test("the host's own settings are read, not touched, from another namespace", NEEDS_ROOT, (t) => {
  const { namespace, directory } = bench(t);
  const budget = readFileSync("/proc/sys/net/core/netdev_budget", "utf8");
  carryOutTuning({ namespace, directory }, ["wan0"]);
  assert.equal(readFileSync("/proc/sys/net/core/netdev_budget", "utf8"), budget);
  assert.deepEqual(
    proposeTuning(namespace, ["wan0"]).host.map(({ verdict }) => verdict),
    ["left"],
  );
});
