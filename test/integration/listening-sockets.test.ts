import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { listListeningSockets } from "../../src/kernel/listening-sockets.ts";
import { inNamespace, spawnInNamespace } from "../../src/kernel/namespace.ts";
import { NEEDS_ROOT, ownNamespace } from "../fixtures/own-namespaces.ts";

test("listening sockets: TCP and UDP, of any address, of one, and IPv6 ones that take IPv4", NEEDS_ROOT, async (t) => {
  const namespace = ownNamespace(t);
  const other = ownNamespace(t);
  const server = inNamespace(namespace, () => createServer().listen(8443));
  t.after(() => server.close());
  const script = `
    const { createSocket } = require("node:dgram");
    const { createServer } = require("node:net");
    const done = () => --left === 0 && process.stdout.write("ready");
    let left = 4;
    createSocket("udp4").bind(51820, done);
    createSocket("udp4").bind(53, "127.0.0.1", done);
    createSocket("udp6").bind(5353, "::1", done);
    const server = createServer().listen(80, "127.0.0.1", () => {
      // A connection is no socket that listens.
      require("node:net").connect(80, "127.0.0.1", done);
    });
    setInterval(() => undefined, 1000);`;
  const child = spawnInNamespace(namespace, process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => void child.kill());
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  assert.deepEqual(
    listListeningSockets(namespace).toSorted((a, b) => a.port - b.port),
    [
      { protocol: 17, port: 53, address: "127.0.0.1" },
      { protocol: 6, port: 80, address: "127.0.0.1" },
      { protocol: 6, port: 8443 },
      { protocol: 17, port: 51_820 },
    ],
  );
  assert.deepEqual(listListeningSockets(other), []);
});
