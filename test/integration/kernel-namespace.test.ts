import assert from "node:assert/strict";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { isKernelError } from "../../src/kernel/error.ts";
import {
  createNamespace,
  deleteNamespace,
  inNamespace,
  inThrowawayNamespace,
  isHostNamespace,
  listNamespaces,
  runInNamespace,
  spawnInNamespace,
} from "../../src/kernel/namespace.ts";
import { listLinks } from "../../src/kernel/route/link.ts";
import { withRoute } from "../../src/kernel/route/rtnetlink.ts";
import { readLinks } from "../../src/kernel/route/link.ts";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { endThread, startThread } from "../../src/kernel/thread.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

const here = (): string => readlinkSync("/proc/thread-self/ns/net");

test("a namespace made here is known to ip, and gone without a trace when deleted", NEEDS_ROOT, () => {
  const name = `mnkns${process.pid}`;
  const before = here();
  createNamespace(name);
  try {
    assert.ok(listNamespaces().includes(name));
    assert.match(run(undefined, "ip", "netns", "list"), new RegExp(`^${name}\\b`, "m"));
    assert.match(run(undefined, "ip", "netns", "exec", name, "ip", "-br", "link"), /^lo /);
    assert.equal(here(), before);
    // The mount must reach every mount namespace, or deleted namespaces live on in some.
    assert.match(readFileSync("/proc/self/mountinfo", "utf8"), / \/run\/netns rw[^\n]* shared:\d+ /);
    assert.throws(
      () => createNamespace(name),
      (error) => isKernelError(error, "kernel-exists"),
    );
    assert.equal(readFileSync("/proc/self/mountinfo", "utf8").split(`/run/netns/${name} `).length, 2);
  } finally {
    deleteNamespace(name);
  }
  assert.ok(!listNamespaces().includes(name));
  assert.equal(existsSync(`/run/netns/${name}`), false);
  assert.doesNotMatch(readFileSync("/proc/self/mountinfo", "utf8"), new RegExp(`/run/netns/${name} `));
  assert.throws(
    () => deleteNamespace(name),
    (error) => isKernelError(error, "kernel-not-found"),
  );
});

test("a namespace made by ip can be entered and deleted", NEEDS_ROOT, (t) => {
  const name = `mnkip${process.pid}`;
  run(undefined, "ip", "netns", "add", name);
  t.after(() => {
    if (listNamespaces().includes(name)) deleteNamespace(name);
  });
  assert.deepEqual(
    listLinks(name).map((link) => link.name),
    ["lo"],
  );
  deleteNamespace(name);
  assert.doesNotMatch(run(undefined, "ip", "netns", "list"), new RegExp(name));
});

test("a file left behind without a namespace is not listed, and taken over", NEEDS_ROOT, (t) => {
  const name = `mnkleft${process.pid}`;
  mkdirSync("/run/netns", { recursive: true });
  writeFileSync(`/run/netns/${name}`, "");
  t.after(() => {
    if (existsSync(`/run/netns/${name}`)) deleteNamespace(name);
  });
  assert.ok(!listNamespaces().includes(name));
  assert.throws(
    () => inNamespace(name, () => 1),
    (error) => isKernelError(error, "kernel-rejected"),
  );
  createNamespace(name);
  assert.ok(listNamespaces().includes(name));
  deleteNamespace(name);
  writeFileSync(`/run/netns/${name}`, "");
  deleteNamespace(name);
  assert.equal(existsSync(`/run/netns/${name}`), false);
});

test("names that are no file's name are refused", () => {
  for (const name of ["", ".", "..", "a/b", "../x", "x\0", "n".repeat(256)]) {
    assert.throws(
      () => createNamespace(name),
      (error) => isKernelError(error, "kernel-rejected"),
      JSON.stringify(name),
    );
    assert.throws(
      () => inNamespace(name, () => 1),
      (error) => isKernelError(error, "kernel-rejected"),
    );
  }
});

test("inside and back, nested, and when the function throws", NEEDS_ROOT, (t) => {
  const [a, b] = [ownNamespace(t), ownNamespace(t)];
  const home = here();
  const seen = inNamespace(a, () => [here(), inNamespace(b, here), inNamespace(undefined, here), here()]);
  assert.deepEqual(seen, [seen[0], seen[1], seen[0], seen[0]]);
  assert.notEqual(seen[0], seen[1]);
  assert.notEqual(seen[0], home);
  assert.throws(() => inNamespace(a, () => assert.fail("inside")), /inside/);
  assert.equal(here(), home);
  assert.throws(
    () => inNamespace("mnk-no-such", here),
    (error) => isKernelError(error, "kernel-not-found"),
  );
  assert.equal(here(), home);
});

test("a promise is refused, after coming back", NEEDS_ROOT, (t) => {
  const name = ownNamespace(t);
  const home = here();
  assert.throws(() => inNamespace(name, () => Promise.reject(new Error("later"))), TypeError);
  assert.equal(here(), home);
});

test("sockets and child processes stay in the namespace they were made in", NEEDS_ROOT, async (t) => {
  const name = ownNamespace(t);
  const inside = inNamespace(name, here);
  assert.equal(runInNamespace(name, "readlink", ["/proc/self/ns/net"]).stdout.trim(), inside);
  const child = spawnInNamespace(name, "sh", ["-c", "read line; readlink /proc/self/ns/net"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const output: Buffer[] = [];
  child.stdout?.on("data", (bytes: Buffer) => output.push(bytes));
  child.stdin?.end("go\n");
  await once(child, "close");
  assert.equal(Buffer.concat(output).toString().trim(), inside);
  // The socket was made inside and asks outside: it still answers for the inside.
  run(name, "ip", "link", "add", "onlyhere", "type", "veth", "peer", "name", "onlyhere2");
  withRoute(name, (connection) => {
    assert.deepEqual(
      readLinks(connection).map((link) => link.name),
      ["lo", "onlyhere2", "onlyhere"],
    );
  });
});

test("in a worker thread it moves that thread only", NEEDS_ROOT, async (t) => {
  const name = ownNamespace(t);
  const inside = inNamespace(name, here);
  const gate = new SharedArrayBuffer(4);
  const worker = startThread("../fixtures/inside-thread", import.meta.url, { name, gate });
  const home = here();
  assert.deepEqual(await once(worker, "message"), ["inside"]);
  // The worker is inside just now.
  assert.equal(here(), home);
  const answer = once(worker, "message");
  Atomics.store(new Int32Array(gate), 0, 1);
  Atomics.notify(new Int32Array(gate), 0);
  assert.deepEqual(await answer, [[inside, home]]);
  await endThread(worker);
});

test("only the first namespace is the host's", NEEDS_ROOT, (t) => {
  const name = ownNamespace(t);
  assert.equal(isHostNamespace(name), false);
  assert.equal(isHostNamespace(undefined), existsSync("/proc/sys/net/core/netdev_max_backlog"));
});

test("a throw-away namespace is empty, and gone afterwards", NEEDS_ROOT, () => {
  const home = here();
  const names = listNamespaces();
  let file = "";
  const links = inThrowawayNamespace(() => {
    file = here();
    return listLinks(undefined).filter((link) => link.up);
  });
  assert.deepEqual(links, []);
  assert.notEqual(file, home);
  assert.equal(here(), home);
  assert.deepEqual(listNamespaces(), names);
});

test("a program that is not there is named, with the package; one that fails is a result", () => {
  assert.throws(
    () => runInNamespace(undefined, "mnk-no-such-program", []),
    (error) => isKernelError(error, "program-missing") && error.remedy.includes("mnk-no-such-program"),
  );
  assert.deepEqual(runInNamespace(undefined, "sh", ["-c", "cat; echo no >&2; exit 3"], { input: "in" }), {
    stdout: "in",
    stderr: "no\n",
    status: 3,
  });
  // Input that nobody reads is no failure.
  assert.equal(runInNamespace(undefined, "true", [], { input: "x".repeat(1 << 20) }).status, 0);
});

test("without permission it says so and stays where it is", NEEDS_ROOT, (t) => {
  const name = ownNamespace(t);
  const script = `import(${JSON.stringify(ownModule("../../src/kernel/namespace", import.meta.url).href)}).then((k) => {
    const before = require("node:fs").readlinkSync("/proc/thread-self/ns/net");
    for (const attempt of [() => k.inNamespace(${JSON.stringify(name)}, () => 1), () => k.createNamespace("mnkdenied"), () => k.inThrowawayNamespace(() => 1)])
      try { attempt(); console.log("allowed"); } catch (error) { console.log(error.code); }
    console.log(before === require("node:fs").readlinkSync("/proc/thread-self/ns/net"));
  })`;
  // Root without any capability, for the checkout may be where only root can read.
  const powerless = ["--bounding-set", "-all", "--inh-caps", "-all"];
  const output = run(
    undefined,
    "setpriv",
    ...powerless,
    process.execPath,
    ...loaderWords(import.meta.url),
    "-e",
    script,
  );
  assert.deepEqual(output.trim().split("\n"), ["kernel-permission", "kernel-permission", "kernel-permission", "true"]);
  assert.equal(existsSync("/run/netns/mnkdenied"), false);
});

test("entering leaves no file descriptor open", NEEDS_ROOT, (t) => {
  const name = ownNamespace(t);
  inNamespace(name, () => 1);
  const next = lowestFree();
  for (let i = 0; i < 20; i++) inNamespace(name, () => statSync("/proc/self"));
  for (let i = 0; i < 20; i++) listLinks(name);
  assert.equal(lowestFree(), next);
});

function lowestFree(): number {
  const fd = openSync("/dev/null", "r");
  closeSync(fd);
  return fd;
}
