import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { applyGateway } from "../../src/apply/apply.ts";
import { spawnInNamespace } from "../../src/kernel/namespace.ts";
import { addVeth, setLinkUp } from "../../src/kernel/route/link.ts";
import { applyPlace, smallGateway, type ApplyPlace } from "../fixtures/apply-namespace.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";
import { source } from "../fixtures/plan-of.ts";

/** Joins a neighbour to a link of the gateway in place of the pair it has. */
function join(place: ApplyPlace, link: string, neighbour: string, address: string, gateway: string): void {
  run(place.namespace, "ip", "link", "del", link);
  addVeth(place.namespace, link, neighbour, "eth0");
  setLinkUp(neighbour, "eth0", true);
  run(neighbour, "ip", "address", "add", address, "dev", "eth0");
  run(neighbour, "ip", "route", "add", "default", "via", gateway);
}

test(
  "a live connection does not notice that a subscriber comes, goes, or that chains are replaced",
  NEEDS_ROOT,
  async (t) => {
    const place = applyPlace(t);
    const inside = ownNamespace(t);
    const outside = ownNamespace(t);
    join(place, "lan", inside, "10.10.1.3/16", "10.10.0.1");
    join(place, "wan", outside, "61.138.177.1/24", "61.138.177.2");
    const gateway = (last: number, forwards = true) =>
      smallGateway({
        sourceNat: [source("campus", `10.10.1.0-10.10.1.${last}`, "public", { perSubscriber: 128 })],
        ...(forwards ? {} : { portForwards: [] }),
      });
    assert.equal(applyGateway({ ...place, desired: gateway(9) }).outcome, "applied");

    const server = spawnInNamespace(outside, "socat", ["TCP-LISTEN:7,reuseaddr", "EXEC:cat"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const client = spawnInNamespace(inside, "socat", ["-", "TCP:61.138.177.1:7,retry=20,interval=0.1"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    t.after(() => [server, client].map((child) => child.kill()));
    const { stdin, stdout } = client;
    assert.ok(stdin !== null && stdout !== null);
    stdout.setEncoding("utf8");
    const exchange = async (text: string): Promise<void> => {
      const heard = once(stdout, "data");
      stdin.write(`${text}\n`);
      assert.deepEqual(await heard, [`${text}\n`]);
    };
    // The connection as conntrack sees it, without what counts down.
    const connection = (): string =>
      run(place.namespace, "conntrack", "-L", "-p", "tcp", "-o", "id").replace(/^(tcp +6) \d+/gm, "$1");

    await exchange("before");
    const then = connection();
    assert.match(then, /ESTABLISHED src=10\.10\.1\.3 dst=61\.138\.177\.1 .* dst=61\.138\.177\.3 .*id=\d+/);
    for (const [what, desired] of [
      ["a subscriber comes", gateway(10)],
      ["a subscriber goes", gateway(9)],
      ["chains and maps of forwards go", gateway(9, false)],
      ["and come back", gateway(9)],
    ] as const) {
      const outcome = applyGateway({ ...place, desired });
      assert.equal(outcome.outcome, "applied", `${what}: ${JSON.stringify(outcome.problems)}`);
      await exchange(what);
      assert.equal(connection(), then, what);
    }
  },
);
