import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DropCounter } from "../../src/kernel/drops/drop-counter.ts";
import { DropWatch } from "../../src/observe/drops/watch.ts";
import { FAULTS, sendPackets } from "../fixtures/drop-faults.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { buildThreeNamespaces, type ThreeNamespaces } from "../fixtures/three-namespaces.ts";

/** Faults with as many packets as are to be injected; by hand 100,000. */
const PACKETS = Number(process.env["MEGANAT_TEST_DROPS"] ?? "5000");

const skip = withoutEbpf();

void test("every injected drop is counted and has its cause", { skip }, async (t) => {
  let net: ThreeNamespaces | undefined;
  before(() => {
    net = buildThreeNamespaces("dr", "oifname wan masquerade");
  });
  after(() => net?.remove());
  for (const fault of FAULTS) {
    await t.test(fault.name, async () => {
      assert.ok(net !== undefined);
      const undo = await fault.prepare(net);
      const watch = new DropWatch({ namespace: net.gateway, only: true, samplesPerSecond: 1 });
      try {
        sendPackets(net, fault.packet, PACKETS);
        await sleep(1000 * (fault.wait ?? 0.05));
        const report = watch.next();
        const found = report.causes.find(({ cause }) => cause === fault.cause)?.packets ?? 0;
        const lost = Math.abs(found - (PACKETS - fault.survivors));
        assert.ok(lost <= PACKETS / 1000, `${found} of ${PACKETS} packets: ${JSON.stringify(report.rows)}`);
        assert.equal(report.unattributed, 0);
        assert.equal(report.rows[0]?.namespace, net.gateway);
        assert.match(report.rows[0]?.interface ?? "", /^(lan|wan)$/);
        assert.equal(report.rows[0]?.protocol, "IPv4 UDP");
        assert.equal(report.samples[0]?.tuple?.protocol, 17);
        for (const counter of fault.confirmedBy ?? []) {
          const delta = report.causes.flatMap(({ confirmedBy }) => confirmedBy).find((by) => by.counter === counter);
          assert.equal(delta?.delta, found, counter);
        }
      } finally {
        watch.close();
        undo();
      }
    });
  }
});

void test("reason names come from the running kernel", { skip }, () => {
  const counter = new DropCounter();
  try {
    const names = [...counter.reasonNames.values()];
    for (const name of ["NETFILTER_DROP", "NO_SOCKET", "IP_CSUM"]) assert.ok(names.includes(name), name);
  } finally {
    counter.close();
  }
});
