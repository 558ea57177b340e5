import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { applyGateway, dryRun, type ApplyOutcome } from "../../src/apply/apply.ts";
import { removeGateway } from "../../src/apply/remove.ts";
import { gatewayStatus } from "../../src/apply/status.ts";
import { hasFeature } from "../../src/kernel/features.ts";
import { spawnInNamespace } from "../../src/kernel/namespace.ts";
import { BOND_MODES } from "../../src/kernel/route/bond.ts";
import { listLinks } from "../../src/kernel/route/link.ts";
import { applyPlace, everything, type ApplyPlace } from "../fixtures/apply-namespace.ts";
import { linksFile } from "../fixtures/links-file.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

const NEEDS_BONDING =
  NEEDS_ROOT.skip === false && !hasFeature("bonding") ? { skip: "this kernel has no bonding" } : NEEDS_ROOT;

type Json = Readonly<Record<string, unknown>>;

/** Two cards m0 and m1, whose cables end in a bridge of another namespace. */
function twoCards(t: TestContext): { place: ApplyPlace; far: string } {
  const place = applyPlace(t);
  const far = ownNamespace(t);
  run(far, "ip", "link", "add", "switch", "type", "bridge");
  run(far, "ip", "link", "set", "switch", "up");
  run(far, "ip", "address", "add", "61.138.177.1/27", "dev", "switch");
  for (const name of ["m0", "m1"]) {
    run(place.namespace, "ip", "link", "add", name, "type", "veth", "peer", "name", `${name}-far`, "netns", far);
    run(far, "ip", "link", "set", `${name}-far`, "master", "switch", "up");
  }
  return { place, far };
}

const LAN = "  lan: { addresses: 10.10.0.1/16 }";

function bondFile(bond: string, addresses = "61.138.177.2/27", more = "") {
  return linksFile(
    `  wan: { interface: bond0, bond: { members: [m0, m1], ${bond} }, addresses: [${addresses}], gateway: 61.138.177.1 }\n${LAN}${more}`,
  );
}

function ip({ namespace }: ApplyPlace, name: string): Json {
  const [link] = JSON.parse(run(namespace, "ip", "-json", "-details", "link", "show", name)) as Json[];
  return link ?? {};
}

function kernelSays(place: ApplyPlace): Json {
  return (ip(place, "bond0")["linkinfo"] as Json)["info_data"] as Json;
}

function codes({ leftOut }: Pick<ApplyOutcome, "leftOut">): string[] {
  return leftOut.map(({ code }) => code);
}

for (const mode of BOND_MODES) {
  test(`a bond of mode ${mode} is made as ip shows it, is found in place, and goes`, NEEDS_BONDING, (t) => {
    const { place } = twoCards(t);
    const before = everything(place);
    const desired = bondFile(`mode: ${mode}, miimon: 200ms, down-delay: 400ms`);
    const outcome = applyGateway({ ...place, desired });
    assert.deepEqual([outcome.outcome, outcome.problems, outcome.leftOut], ["applied", [], []]);
    const data = kernelSays(place);
    assert.deepEqual([data["mode"], data["miimon"], data["downdelay"]], [mode, 200, 400]);
    if (mode === "802.3ad") {
      assert.deepEqual([data["xmit_hash_policy"], data["ad_lacp_rate"]], ["layer3+4", "slow"]);
    }
    for (const member of ["m0", "m1"]) assert.equal(ip(place, member)["master"], "bond0");
    const ours = listLinks(place.namespace).find(({ name }) => name === "bond0");
    assert.deepEqual([ours?.kind, ours?.bond?.mode, ours?.bond?.miimon, ours?.up], ["bond", mode, 200, true]);
    assert.equal(applyGateway({ ...place, desired }).outcome, "unchanged");
    assert.deepEqual([gatewayStatus(place).state, gatewayStatus(place).drift], ["in-place", []]);
    const removed = removeGateway(place);
    assert.deepEqual([removed.outcome, removed.problems, removed.notices], ["removed", [], []]);
    assert.deepEqual(everything(place), before);
  });
}

test(
  "only the difference is touched: an alias on a busy bond, an option, a member, the mode",
  NEEDS_BONDING,
  async (t) => {
    const { place, far } = twoCards(t);
    const first = "mode: active-backup, miimon: 100ms";
    assert.equal(applyGateway({ ...place, desired: bondFile(first) }).outcome, "applied");
    run(place.namespace, "ping", "-c", "2", "-W", "2", "61.138.177.1");

    const busy = spawnInNamespace(place.namespace, "ping", ["-q", "-i", "0.02", "-w", "4", "61.138.177.1"], {
      stdio: "pipe",
    });
    let said = "";
    busy.stdout?.on("data", (data: Buffer) => (said += data.toString()));
    const ended = new Promise((resolve) => busy.on("close", resolve));
    const alias = bondFile(first, "61.138.177.2/27, 61.138.177.3-61.138.177.9/27");
    assert.deepEqual(
      dryRun({ ...place, desired: alias }).changes,
      [3, 4, 5, 6, 7, 8, 9].map((last) => `add address 61.138.177.${last}/27 to bond0`),
    );
    assert.equal(applyGateway({ ...place, desired: alias, askTheWire: true }).outcome, "applied");
    const option = bondFile(
      "mode: active-backup, miimon: 200ms, primary: m1",
      "61.138.177.2/27, 61.138.177.3-61.138.177.9/27",
    );
    assert.deepEqual(applyGateway({ ...place, desired: option }).changes, [
      "set bond bond0: miimon 100 -> 200",
      "set bond bond0: primary none -> m1",
    ]);
    await ended;
    assert.match(said, / 0% packet loss/, said);

    // A connection that is open while the mode changes goes on: nothing of it was in the link.
    const connection = openConnection(far, place.namespace);
    t.after(() => connection.close());
    assert.equal(await connection.exchange("one"), "one");
    const mode = bondFile("mode: balance-xor, miimon: 200ms", "61.138.177.2/27, 61.138.177.3-61.138.177.9/27");
    const changed = applyGateway({ ...place, desired: mode });
    assert.deepEqual(changed.changes, [
      "set bond bond0: mode active-backup -> balance-xor, xmit-hash-policy layer2 -> layer3+4 (its members leave it and come back: packets pause)",
    ]);
    assert.match(run(place.namespace, "ip", "route"), /^default via 61\.138\.177\.1 dev bond0/m);
    assert.equal(await connection.exchange("two"), "two");
    assert.equal(removeGateway(place).outcome, "removed");
  },
);

test("one member without carrier: connections go on by the other", NEEDS_BONDING, async (t) => {
  for (const mode of ["balance-rr", "active-backup"]) {
    const { place, far } = twoCards(t);
    assert.equal(applyGateway({ ...place, desired: bondFile(`mode: ${mode}, miimon: 200ms`) }).outcome, "applied");
    const connection = openConnection(far, place.namespace);
    t.after(() => connection.close());
    assert.equal(await connection.exchange("one"), "one");
    const pings = spawnInNamespace(place.namespace, "ping", ["-D", "-i", "0.02", "-w", "4", "61.138.177.1"], {
      stdio: "pipe",
    });
    const times: number[] = [];
    pings.stdout?.on("data", (data: Buffer) => {
      for (const [, time] of data.toString().matchAll(/^\[(\d+\.\d+)\]/gm)) times.push(Number(time));
    });
    const ended = new Promise((resolve) => pings.on("close", resolve));
    setTimeout(() => run(far, "ip", "link", "set", "m0-far", "down"), 1500);
    await ended;
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
    const longest = Math.round(Math.max(...gaps) * 1000);
    t.diagnostic(`${mode}, miimon 200 ms: longest time without an answer ${longest} ms of ${times.length} answers`);
    assert.equal(await connection.exchange("two"), "two");
    assert.equal(removeGateway(place).outcome, "removed");
  }
});

test("a VLAN on a bond carries packets, and both go", NEEDS_BONDING, (t) => {
  const { place, far } = twoCards(t);
  const before = everything(place);
  const tagged = "\n  staff: { interface: bond0.7, vlan: { on: wan, id: 7 }, mtu: 1400, addresses: 10.7.0.1/24 }";
  const outcome = applyGateway({ ...place, desired: bondFile("mode: balance-rr", undefined, tagged) });
  assert.deepEqual([outcome.outcome, outcome.leftOut], ["applied", []]);
  const info = ip(place, "bond0.7")["linkinfo"] as Json;
  assert.deepEqual(
    [info["info_kind"], (info["info_data"] as Json)["id"], ip(place, "bond0.7")["mtu"]],
    ["vlan", 7, 1400],
  );
  run(far, "ip", "link", "add", "tag7", "link", "switch", "type", "vlan", "id", "7");
  run(far, "ip", "link", "set", "tag7", "up");
  run(far, "ip", "address", "add", "10.7.0.2/24", "dev", "tag7");
  run(place.namespace, "ping", "-c", "2", "-W", "2", "10.7.0.2");
  assert.equal(removeGateway(place).outcome, "removed");
  assert.deepEqual(everything(place), before);
});

test(
  "members with addresses, up or in another bond; missing members; a bond of others: all put back",
  NEEDS_BONDING,
  (t) => {
    const { place } = twoCards(t);
    const { namespace } = place;
    run(namespace, "ip", "link", "set", "m0", "up");
    run(namespace, "ip", "address", "add", "192.0.2.2/24", "dev", "m0");
    run(namespace, "ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.9", "dev", "m0");
    run(namespace, "ip", "link", "add", "bond9", "type", "bond", "mode", "active-backup");
    run(namespace, "ip", "link", "set", "m1", "master", "bond9");
    run(
      namespace,
      "ip",
      "link",
      "add",
      "bond0",
      "address",
      "02:00:00:00:00:99",
      "type",
      "bond",
      "mode",
      "balance-xor",
      "miimon",
      "50",
    );
    const before = everything(place);
    const bond = () => JSON.stringify(kernelSays(place));
    const options = bond();
    const desired = linksFile(
      `  wan: { interface: bond0, bond: { members: [m0, m1, m2], mode: balance-rr, miimon: 200ms }, addresses: 61.138.177.2/27, gateway: 61.138.177.1 }\n${LAN}`,
    );
    const outcome = applyGateway({ ...place, desired });
    assert.deepEqual([outcome.outcome, codes(outcome)], ["applied", ["member-in-use", "member-missing"]]);
    assert.equal(ip(place, "m0")["master"], "bond0");
    assert.equal(ip(place, "m1")["master"], "bond9");
    assert.equal(run(namespace, "ip", "-brief", "address", "show", "m0").includes("192.0.2.2"), false);
    run(namespace, "ip", "link", "set", "m0", "nomaster");
    assert.deepEqual(
      gatewayStatus(place).drift.map(({ code }) => code),
      ["member-gone"],
    );
    assert.equal(applyGateway({ ...place, desired }).outcome, "applied");
    const removed = removeGateway(place);
    assert.deepEqual([removed.outcome, removed.problems, removed.notices], ["removed", [], []]);
    // A bond whose last member leaves gets a new address from the kernel.
    const withoutMac = (found: typeof before): typeof before =>
      Object.fromEntries(
        Object.entries(found).map(([what, text]) => [what, text.replace(/^(bond0 +\S+) +\S+/m, "$1")]),
      );
    assert.deepEqual(withoutMac(everything(place)), withoutMac(before));
    assert.equal(bond(), options);
  },
);

/** An echo over TCP from the near namespace to the far one, at 61.138.177.1. */
function openConnection(far: string, near: string) {
  const server = spawnInNamespace(
    far,
    process.execPath,
    ["-e", "require('net').createServer((s) => s.pipe(s)).listen(7777, '61.138.177.1', () => console.log('up'))"],
    { stdio: "pipe" },
  );
  const client = spawnInNamespace(
    near,
    process.execPath,
    [
      "-e",
      "const go = () => { const s = require('net').connect(7777, '61.138.177.1'); s.on('error', () => setTimeout(go, 200)); s.on('connect', () => { process.stdin.pipe(s); s.pipe(process.stdout); }); }; go();",
    ],
    { stdio: "pipe" },
  );
  return {
    exchange(word: string): Promise<string> {
      return new Promise((resolve, reject) => {
        client.stdout?.once("data", (data: Buffer) => resolve(data.toString()));
        client.once("close", () => reject(new Error("the connection broke")));
        client.stdin?.write(word);
      });
    },
    close(): void {
      client.kill();
      server.kill();
    },
  };
}
