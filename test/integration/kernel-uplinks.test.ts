import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { ConnectProbe } from "../../src/kernel/connect-probe.ts";
import { EchoProbe } from "../../src/kernel/echo-probe.ts";
import { isKernelError } from "../../src/kernel/error.ts";
import { addVeth, setLinkUp } from "../../src/kernel/route/link.ts";
import { LinkWatch } from "../../src/kernel/route/link-watch.ts";
import { addPolicyRule } from "../../src/kernel/route/policy-rule.ts";
import { addRoute } from "../../src/kernel/route/route.ts";
import { isWithdrawn, restoreTable, withdrawTable } from "../../src/kernel/route/withdrawal.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

/** A namespace with a link `wan` that is up, and the one at the other end of the wire. */
function wired(t: TestContext): [string, string] {
  const [a, b] = [ownNamespace(t), ownNamespace(t)];
  addVeth(a, "wan", b, "far");
  setLinkUp(a, "wan", true);
  setLinkUp(b, "far", true);
  return [a, b];
}

/** The next hop that ip sees. */
function nextHop(namespace: string): string | undefined {
  return /via (\S+)/.exec(run(namespace, "ip", "route", "get", "8.8.8.8"))?.[1];
}

test("a table is taken out of use by a route of ours, and back", NEEDS_ROOT, (t) => {
  const [a] = wired(t);
  run(a, "ip", "address", "add", "203.0.113.2/24", "dev", "wan");
  addRoute(a, { destination: "0.0.0.0/0", table: 8101, interface: "wan", via: "203.0.113.1", metric: 100 });
  addPolicyRule(a, { priority: 8201, table: 8101 });
  run(a, "ip", "route", "add", "default", "via", "203.0.113.9");
  assert.deepEqual([isWithdrawn(a, 8101), isWithdrawn(a, 8102), nextHop(a)], [false, false, "203.0.113.1"]);
  withdrawTable(a, 8101);
  withdrawTable(a, 8101);
  assert.match(run(a, "ip", "route", "show", "table", "8101"), /^throw default proto 77/);
  assert.deepEqual([isWithdrawn(a, 8101), nextHop(a)], [true, "203.0.113.9"]);
  restoreTable(a, 8101);
  restoreTable(a, 8101);
  assert.deepEqual([isWithdrawn(a, 8101), nextHop(a)], [false, "203.0.113.1"]);
  // Somebody else's is not ours, and stays.
  run(a, "ip", "route", "add", "throw", "default", "table", "8101");
  assert.equal(isWithdrawn(a, 8101), false);
  restoreTable(a, 8101);
  assert.match(run(a, "ip", "route", "show", "table", "8101"), /^throw default/);
});

test("probes leave by one interface, whatever the routes say", NEEDS_ROOT, async (t) => {
  const [a, b] = wired(t);
  run(a, "ip", "address", "add", "203.0.113.2/24", "dev", "wan");
  for (const address of ["203.0.113.1/24", "9.9.9.9/32"]) run(b, "ip", "address", "add", address, "dev", "far");
  addVeth(a, "other", b, "elsewhere");
  setLinkUp(a, "other", true);
  run(a, "ip", "route", "add", "default", "dev", "other");
  run(a, "ip", "route", "add", "default", "via", "203.0.113.1", "table", "7");
  run(a, "ip", "rule", "add", "from", "203.0.113.2", "table", "7");
  const place = { namespace: a, interface: "wan" };
  const answers = async (probe: EchoProbe | ConnectProbe): Promise<boolean> => {
    probe.ask();
    for (let left = 20; left > 0; left--) {
      if (probe.answered()) return true;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return false;
  };
  const probes = [
    new EchoProbe(place, 0x09090909, 4711),
    // Nobody listens: a refusal is an answer.
    new ConnectProbe(place, 0x09090909, 81),
    new EchoProbe(place, 0x09090908, 4711),
    new ConnectProbe(place, 0x09090908, 81),
  ];
  t.after(() => probes.forEach((probe) => probe.close()));
  const seen: boolean[] = [];
  for (const probe of probes) seen.push(await answers(probe));
  assert.deepEqual(seen, [true, true, false, false]);
  // An interface that is down is a question without an answer, no failure.
  run(a, "ip", "link", "set", "wan", "down");
  assert.equal(await answers(probes[0] as EchoProbe), false);
  assert.throws(
    () => new EchoProbe({ namespace: a, interface: "none" }, 1, 1),
    (error: unknown) => isKernelError(error, "kernel-not-found"),
  );
});

test("changes of links are noticed", NEEDS_ROOT, async (t) => {
  const [a, b] = wired(t);
  // What came of bringing them up may still be on its way.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const watch = new LinkWatch(a);
  t.after(() => watch.close());
  assert.equal(watch.changed(), false);
  run(b, "ip", "link", "set", "far", "down");
  // The kernel tells of a carrier when it gets to it.
  let changed = watch.changed();
  for (let left = 100; left > 0 && !changed; left--) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    changed = watch.changed();
  }
  assert.equal(changed, true);
});
