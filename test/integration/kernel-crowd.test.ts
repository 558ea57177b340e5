import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { createConnections, flushConnections } from "../../src/kernel/conntrack/create.ts";
import { countByNamespace } from "../../src/kernel/conntrack/crowd.ts";
import { readConntrackCount } from "../../src/kernel/conntrack/statistics.ts";
import type { Tuple } from "../../src/kernel/conntrack/tuple.ts";
import { createNamespace, deleteNamespace, runInNamespace, spawnInNamespace } from "../../src/kernel/namespace.ts";
import { runNft } from "../../src/kernel/nftables.ts";

const skip = process.getuid?.() === 0 ? false : "makes network namespaces, which needs root";
const TRACKED = "table ip t { chain c { type filter hook prerouting priority 0; ct state new accept; }; }";
const name = `mncrowd${process.pid}`;

after(() => {
  if (skip === false) deleteNamespace(name);
});

function* connections(count: number): Generator<Tuple> {
  for (let i = 0; i < count; i++) {
    yield { source: "192.0.2.1", destination: "198.51.100.1", protocol: 17, sourcePort: 1024 + i, destinationPort: 53 };
  }
}

test("connections that no packet has made are in the table, assured, and go when it is flushed", { skip }, () => {
  createNamespace(name);
  runNft(name, TRACKED);
  createConnections(name, connections(1000), 60);
  // Those that are there already are left alone.
  createConnections(name, connections(1001), 60);
  assert.equal(readConntrackCount(name), 1001);
  const { stdout } = runInNamespace(name, "conntrack", ["-L", "-p", "udp", "--orig-port-src", "1024"]);
  assert.match(
    stdout,
    /^udp +17 \d+ src=192\.0\.2\.1 dst=198\.51\.100\.1 sport=1024 dport=53 src=198\.51\.100\.1 dst=192\.0\.2\.1 sport=53 dport=1024 \[ASSURED\]/,
  );
  assert.equal(countByNamespace().find(({ label }) => label === name)?.count, 1001);
  flushConnections(name);
  assert.equal(readConntrackCount(name), 0);
});

test("a namespace without a name is counted by its process", { skip }, async () => {
  const script = `ip link set lo up; echo '${TRACKED}' | nft -f -; conntrack -I -p udp -s 192.0.2.1 -d 192.0.2.2 --sport 1 --dport 2 --timeout 60 2>/dev/null; echo ready; exec sleep 60`;
  const child = spawnInNamespace(undefined, "unshare", ["--net", "sh", "-c", script], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    assert.ok(child.stdout !== null);
    await once(child.stdout, "data");
    const label = new RegExp(`^process ${child.pid} \\((sh|sleep)\\)$`);
    assert.equal(countByNamespace().find((crowd) => label.test(crowd.label))?.count, 1);
  } finally {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
});
