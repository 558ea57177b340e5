import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { readGateway } from "../../src/config/read-gateway.ts";
import { applyInLab } from "../../src/lab/apply-in-lab.ts";
import type { LabClient } from "../../src/lab/client/lab-client.ts";
import { bringUpLab } from "../../src/lab/lab.ts";

const skip = process.getuid?.() === 0 ? false : "makes network namespaces, which needs root";

interface Visit {
  readonly what: string;
  readonly side: "inside" | "outside";
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  /** Addresses as the server sees them. */
  readonly remote: string;
  readonly local: string;
}

const EXAMPLES: Readonly<Record<string, readonly Visit[]>> = {
  company: [
    {
      what: "the second inside link's hosts leave by it, and to their own address",
      side: "inside",
      from: "10.30.0.5",
      to: "203.0.113.80",
      remote: "198.51.100.8",
      local: "203.0.113.80",
    },
    {
      what: "untranslated destinations see the subscriber and find the way back",
      side: "inside",
      from: "10.20.5.5",
      to: "10.40.0.1",
      remote: "10.20.5.5",
      local: "10.40.0.1",
    },
    {
      what: "a forward to the second inside link",
      side: "outside",
      from: "8.8.8.8",
      to: "198.51.100.3",
      remote: "8.8.8.8",
      local: "10.30.0.10",
    },
    {
      what: "static NAT from outside",
      side: "outside",
      from: "9.9.9.9",
      to: "198.51.100.9",
      remote: "9.9.9.9",
      local: "10.30.0.25",
    },
  ],
  merger: [
    {
      what: "twice NAT: the same network on both sides, from inside",
      side: "inside",
      from: "192.168.1.7",
      to: "10.2.2.9",
      remote: "10.1.1.7",
      local: "192.168.1.9",
    },
    {
      what: "twice NAT from outside",
      side: "outside",
      from: "192.168.1.9",
      to: "10.1.1.7",
      remote: "10.2.2.9",
      local: "192.168.1.7",
    },
    {
      what: "the internet, beside it",
      side: "inside",
      from: "192.168.1.7",
      to: "203.0.113.80",
      remote: "198.51.100.2",
      local: "203.0.113.80",
    },
  ],
  "isp-routed": [
    {
      what: "a pool that is routed to the gateway",
      side: "inside",
      from: "100.64.20.104",
      to: "203.0.112.80",
      remote: "203.0.113.",
      local: "203.0.112.80",
    },
  ],
};

async function labOf(example: string, t: TestContext): Promise<Record<Visit["side"], LabClient>> {
  const reading = readGateway(readFileSync(new URL(`../../examples/${example}.yaml`, import.meta.url)));
  assert.ok("gateway" in reading);
  const lab = await bringUpLab(reading.gateway, { life: "process" });
  t.after(() => lab.close());
  applyInLab(lab);
  return { inside: await lab.openClient("inside"), outside: await lab.openClient("outside") };
}

for (const [example, visits] of Object.entries(EXAMPLES)) {
  test(`examples/${example}.yaml in its lab`, { skip }, async (t) => {
    const clients = await labOf(example, t);
    for (const visit of visits) {
      await t.test(visit.what, async () => {
        const { from, to, port = 80 } = visit;
        const answer = await clients[visit.side].httpGet({ from, to, port, path: "/whoami" });
        const seen = JSON.parse(answer.body) as { remote: { address: string }; local: { address: string } };
        assert.equal(seen.local.address, visit.local);
        // An address that ends with a dot stands for any of its network.
        if (visit.remote.endsWith(".")) assert.ok(seen.remote.address.startsWith(visit.remote), seen.remote.address);
        else assert.equal(seen.remote.address, visit.remote);
      });
    }
  });
}
