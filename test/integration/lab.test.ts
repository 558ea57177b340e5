import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createNamespace, deleteNamespace, listNamespaces, runInNamespace } from "../../src/kernel/namespace.ts";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { processesInNamespace } from "../../src/kernel/process.ts";
import { readSysctl } from "../../src/kernel/sysctl.ts";
import { bringUpLab, execInLab, listLabs, takeDownLab, type Lab } from "../../src/lab/lab.ts";
import { labNamespaces } from "../../src/lab/topology.ts";
import { LAB_GATEWAY, translateByHand } from "../fixtures/lab-gateway.ts";

const skip = process.getuid?.() === 0 ? false : "makes network namespaces, which needs root";
const OWNER = [...loaderWords(import.meta.url), fileURLToPath(ownModule("../fixtures/lab-owner", import.meta.url))];
const LIMIT = "net.ipv4.neigh.default.gc_thresh3";

/** Labs of this file only: others may use the machine. */
const opened = new Set<string>();
after(() => {
  for (const id of opened) if (listLabs().some((lab) => lab.id === id)) takeDownLab(id);
});

async function open(life: "process" | "until-down" = "process"): Promise<Lab> {
  const lab = await bringUpLab(LAB_GATEWAY, { life });
  opened.add(lab.id);
  return lab;
}

/** Everything of the lab that is left. */
function remains(id: string): string[] {
  const names = Object.values(labNamespaces(id));
  const left = listNamespaces().filter((name) => names.includes(name));
  for (const name of names) for (const { pid } of processesInNamespace(name)) left.push(`process ${pid}`);
  if (existsSync(`/run/meganat/labs/${id}.json`)) left.push("state file");
  return left;
}

/** Ids of the labs that are up. */
function labsUp(): string[] {
  return listLabs()
    .filter((lab) => lab.condition === "up")
    .map((lab) => lab.id);
}

function reaperOf(id: string): number {
  const found = readdirSync("/proc").find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return words.some((word) => word.includes("reaper-main")) && words.some((word) => word.includes(`"id":"${id}"`));
    } catch {
      return false;
    }
  });
  assert.ok(found !== undefined, "the reaper runs");
  return Number(found);
}

async function eventuallyGone(id: string): Promise<void> {
  for (let tries = 0; tries < 200 && remains(id).length > 0; tries++) await sleep(50);
  assert.deepEqual(remains(id), []);
}

test("a lab's services answer through the gateway and see its public address", { skip }, async (t) => {
  const lab = await open();
  t.after(() => lab.close());
  translateByHand(lab.topology.namespaces.gateway);
  const inside = await lab.openClient("inside");
  const outside = await lab.openClient("outside");

  await t.test("HTTP: the far side names address and port after translation", async () => {
    const answer = await inside.httpGet({
      from: "10.10.1.7",
      fromPort: 40123,
      to: "203.0.113.80",
      port: 80,
      path: "/whoami",
    });
    const seen = JSON.parse(answer.body) as { remote: { address: string; port: number }; local: unknown };
    assert.deepEqual(answer.local, { address: "10.10.1.7", port: 40123 });
    assert.deepEqual(seen.local, { address: "203.0.113.80", port: 80 });
    assert.equal(seen.remote.address, "61.138.177.3");
    assert.ok(seen.remote.port >= 2000 && seen.remote.port <= 2999, String(seen.remote.port));
  });

  await t.test("HTTP: three million bytes arrive intact", async () => {
    const answer = await inside.httpGet({
      from: "10.10.1.8",
      to: "198.51.100.1",
      port: 8080,
      path: "/download?bytes=3000000",
    });
    assert.deepEqual([answer.status, answer.bytes, answer.intact], [200, 3_000_000, true]);
  });

  await t.test("TCP and UDP echo answer from the address that was asked", async () => {
    const ends = { from: "10.10.1.9", to: "192.0.2.200", port: 7, text: "a text" };
    for (const answer of [await inside.tcpExchange(ends), await inside.udpExchange(ends)]) {
      assert.equal(answer.text, "a text");
      assert.deepEqual(answer.remote, { address: "192.0.2.200", port: 7 });
      assert.equal(answer.local.address, "10.10.1.9");
    }
  });

  await t.test("UDP: the far side names both ends", async () => {
    const answer = await inside.udpExchange({ from: "10.10.1.9", to: "192.0.2.201", port: 7, text: "whoami" });
    const seen = JSON.parse(answer.text) as { remote: { address: string }; local: unknown };
    assert.equal(seen.remote.address, "61.138.177.3");
    assert.deepEqual(seen.local, { address: "192.0.2.201", port: 7 });
  });

  await t.test("ICMP echo", async () => {
    const answer = await inside.ping({ from: "10.10.1.10", to: "8.8.8.8", count: 2 });
    assert.deepEqual([answer.sent, answer.received], [2, 2], answer.output);
  });

  await t.test("a forward leads from an outside address to the service inside", async () => {
    const answer = await outside.httpGet({ from: "8.8.4.4", to: "61.138.177.3", port: 8443, path: "/whoami" });
    const seen = JSON.parse(answer.body) as { remote: { address: string }; local: unknown };
    assert.equal(seen.remote.address, "8.8.4.4");
    assert.deepEqual(seen.local, { address: "10.10.0.9", port: 8080 });
  });

  await t.test("silence is an error that says who did not answer", async () => {
    await assert.rejects(
      inside.udpExchange({ from: "10.10.1.9", to: "192.0.2.1", port: 9, text: "x", timeoutMs: 200 }),
      /no answer from 192\.0\.2\.1:9 to 10\.10\.1\.9 within 0\.2 s/,
    );
  });
});

test("the addresses behind the gateway are not the outside's own", { skip }, async (t) => {
  const lab = await open();
  t.after(() => lab.close());
  const route = (side: "inside" | "outside", address: string) =>
    runInNamespace(lab.topology.namespaces[side], "ip", ["route", "get", address])
      .stdout.split(" ")
      .slice(0, 3)
      .join(" ");
  assert.equal(route("outside", "61.138.177.3"), "61.138.177.3 dev bond0");
  assert.equal(route("outside", "61.138.177.2"), "61.138.177.2 dev bond0");
  assert.equal(route("outside", "1.2.3.4"), "local 1.2.3.4 dev");
  assert.equal(route("inside", "10.10.200.9"), "local 10.10.200.9 dev");
  assert.equal(route("inside", "10.10.0.1"), "10.10.0.1 dev bond1");
  assert.equal(route("inside", "1.2.3.4"), "1.2.3.4 via 10.10.0.1");
});

test("two labs stand side by side; each goes alone and leaves nothing", { skip }, async () => {
  const [first, second] = await Promise.all([open(), open()]);
  assert.notEqual(first.id, second.id);
  assert.ok(labsUp().includes(first.id) && labsUp().includes(second.id));
  await first.close();
  assert.deepEqual(remains(first.id), []);
  assert.ok(labsUp().includes(second.id));
  assert.ok(processesInNamespace(second.topology.namespaces.inside).length >= 2);
  await second.close();
  assert.deepEqual(remains(second.id), []);
});

test(
  "a command runs in the lab with its own exit status, and lab down ends what it left running",
  { skip },
  async () => {
    const lab = await open("until-down");
    assert.equal(await execInLab(lab.id, "outside", ["sh", "-c", "exit 7"]), 7);
    const child = spawn("ip", ["netns", "exec", lab.topology.namespaces.inside, "sleep", "60"], { stdio: "ignore" });
    const ended = once(child, "exit");
    for (let tries = 0; tries < 200 && processesInNamespace(lab.topology.namespaces.inside).length < 3; tries++) {
      await sleep(20);
    }
    takeDownLab(lab.id);
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    assert.deepEqual(remains(lab.id), []);
    assert.throws(() => takeDownLab(lab.id), { code: "lab-unknown" });
  },
);

test("an id in use is refused and the lab that has it is left alone", { skip }, async () => {
  const lab = await open();
  await assert.rejects(bringUpLab(LAB_GATEWAY, { id: lab.id, life: "process" }), { code: "lab-exists" });
  await assert.rejects(bringUpLab(LAB_GATEWAY, { id: "no/id", life: "process" }), { code: "lab-id" });
  assert.ok(processesInNamespace(lab.topology.namespaces.outside).length >= 2);
  await lab.close();
});

test("a namespace that happens to have the name is not taken for the lab's", { skip }, async (t) => {
  const id = `mnn${process.pid}`;
  const { outside } = labNamespaces(id);
  createNamespace(outside);
  t.after(() => deleteNamespace(outside));
  await assert.rejects(bringUpLab(LAB_GATEWAY, { id, life: "process" }), { code: "lab-exists" });
  assert.deepEqual(remains(id), [outside]);
});

test("a lab that cannot be built is taken down again", { skip }, async () => {
  const twice = { ...LAB_GATEWAY, links: [...LAB_GATEWAY.links, ...LAB_GATEWAY.links.slice(1)] };
  const id = `mnf${process.pid}`;
  await assert.rejects(bringUpLab(twice, { id, life: "process" }), { code: "kernel-exists" });
  assert.deepEqual(remains(id), []);
});

test("limits on loan: the largest wish counts, the last lab puts the old value back", { skip }, async () => {
  const before = Number(readSysctl(undefined, LIMIT));
  const first = await open();
  const second = await open();
  assert.deepEqual(first.borrowLimits({ [LIMIT]: before + 100 }), { raised: [LIMIT], refused: [] });
  assert.deepEqual(second.borrowLimits({ [LIMIT]: before + 50 }), { raised: [LIMIT], refused: [] });
  assert.equal(Number(readSysctl(undefined, LIMIT)), before + 100);
  await first.close();
  assert.equal(Number(readSysctl(undefined, LIMIT)), before + 50);
  await second.close();
  assert.equal(Number(readSysctl(undefined, LIMIT)), before);
});

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
  test(`${signal} to the owner: the reaper removes all and puts the limit back`, { skip }, async () => {
    const before = Number(readSysctl(undefined, LIMIT));
    const owner = spawn(process.execPath, [...OWNER, String(before + 10)], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(owner.stdout, "data")) as [Buffer];
    const id = line.toString().trim();
    opened.add(id);
    assert.ok(remains(id).filter((left) => left.startsWith("process")).length >= 4);
    assert.equal(Number(readSysctl(undefined, LIMIT)), before + 10);
    owner.kill(signal);
    await eventuallyGone(id);
    assert.equal(Number(readSysctl(undefined, LIMIT)), before);
  });
}

test("owner and reaper killed: the lab is named stale, and the next lab removes it", { skip }, async () => {
  const owner = spawn(process.execPath, [...OWNER, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(owner.stdout, "data")) as [Buffer];
  const id = line.toString().trim();
  opened.add(id);
  process.kill(reaperOf(id), "SIGKILL");
  owner.kill("SIGKILL");
  await once(owner, "exit");
  assert.equal(listLabs().find((lab) => lab.id === id)?.condition, "stale");
  const next = await open();
  assert.deepEqual(remains(id), []);
  await next.close();
});

test("a lab that is kept outlives its owner's wish", { skip }, async () => {
  const lab = await open();
  await lab.keep();
  assert.equal(listLabs().find((other) => other.id === lab.id)?.owner, undefined);
  assert.ok(processesInNamespace(lab.topology.namespaces.inside).length >= 2);
  await lab.close();
  assert.deepEqual(remains(lab.id), []);
});
