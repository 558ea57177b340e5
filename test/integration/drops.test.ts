import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { namespaceInode } from "../../src/kernel/network-directory.ts";
import { possibleCpus } from "../../src/kernel/bpf/map.ts";
import { BpfObject, objectPath } from "../../src/kernel/bpf/object.ts";
import { attachRawTracepoint } from "../../src/kernel/bpf/raw-tracepoint.ts";
import { readKernelTypes } from "../../src/kernel/btf.ts";
import { DropCounter, objectFor } from "../../src/kernel/drops/drop-counter.ts";
import { decodeSample, decodeSeats, mergeCounts, SAMPLE_BYTES } from "../../src/kernel/drops/record.ts";
import { tupleText } from "../../src/observe/drops/packet.ts";
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
        const translated = report.samples.find(({ translation }) => translation !== undefined)?.translation;
        if (fault.translation !== undefined) {
          assert.ok(translated !== undefined);
          const [before, after] = [tupleText(translated.before), tupleText(translated.after)];
          assert.match(before, fault.translation[0]);
          assert.match(after, fault.translation[1]);
        }
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

void test("drops of other namespaces are left out where one was asked for", { skip }, () => {
  const net = buildThreeNamespaces("dn", "oifname wan masquerade");
  try {
    const elsewhere = new DropWatch({ namespace: net.outside, only: true, samplesPerSecond: 0 });
    const everywhere = new DropWatch({ only: false, samplesPerSecond: 0 });
    try {
      sendPackets(net, { badIpChecksum: true }, 100);
      assert.equal(elsewhere.next().packets, 0);
      const row = everywhere.next().rows.find(({ namespace }) => namespace === net.gateway);
      assert.equal(row?.packets, 100);
      assert.equal(everywhere.total().rows.find(({ namespace }) => namespace === net.gateway)?.packets, 100);
    } finally {
      elsewhere.close();
      everywhere.close();
    }
  } finally {
    net.remove();
  }
});

void test("headers beyond the rate are counted as lost", { skip }, () => {
  const net = buildThreeNamespaces("ds", "oifname wan masquerade");
  const watch = new DropWatch({ namespace: net.gateway, only: true, samplesPerSecond: 3 });
  try {
    sendPackets(net, { badIpChecksum: true }, 1000);
    const { samples, samplesLost, packets } = watch.next();
    assert.equal(packets, 1000);
    assert.equal(samples.length + samplesLost, 1000);
    assert.ok(samples.length >= 3 && samples.length < 100, `${samples.length} samples`);
  } finally {
    watch.close();
    net.remove();
  }
});

void test("the program for older kernels counts the same", { skip }, () => {
  assert.equal(objectFor(Buffer.from("\0int\0")), "drops-probed");
  const net = buildThreeNamespaces("do", "oifname wan masquerade");
  const object = BpfObject.load(objectPath("drops-probed"));
  const config = Uint32Array.of(namespaceInode(net.gateway), 1);
  object.map("config").updateAt(0, new Uint8Array(config.buffer));
  const attachment = attachRawTracepoint(object.program("count_drop"), "kfree_skb");
  const counter = new DropCounter({ namespace: namespaceInode(net.gateway) });
  try {
    sendPackets(net, { badIpChecksum: true }, 100);
    const counts = mergeCounts(decodeSeats(object.map("seats").lookupAt(0) ?? Buffer.alloc(0)));
    assert.deepEqual(counter.read().counts, counts);
    assert.deepEqual(
      counts.map(({ packets }) => packets),
      [100],
    );
    const sample = Buffer.alloc(SAMPLE_BYTES);
    assert.ok(object.map("samples").popInto(sample));
    assert.equal(decodeSample(sample).bytes.readUInt32BE(16), 0xc6336409);
  } finally {
    counter.close();
    attachment.close();
    object.close();
    net.remove();
  }
});

void test("a cause whose seat another one has is counted in the hash map", { skip }, () => {
  const net = buildThreeNamespaces("dh", "oifname wan masquerade");
  const object = BpfObject.load(objectPath(objectFor(readKernelTypes())));
  const seats = object.map("seats");
  // Whatever the seat, somebody has it: of no address in the kernel, with one drop.
  const taken = Buffer.alloc(seats.info.valueSize * possibleCpus());
  for (let at = 24; at < taken.length; at += 32) taken[at] = 1;
  seats.updateAt(0, taken);
  object.map("config").updateAt(0, new Uint8Array(Uint32Array.of(namespaceInode(net.gateway), 0).buffer));
  const attachment = attachRawTracepoint(object.program("count_drop"), "kfree_skb");
  try {
    sendPackets(net, { badIpChecksum: true }, 100);
    const causes = object.map("causes");
    const counts = [...causes.keys()].map(
      (key) => new BigUint64Array(Uint8Array.from(causes.lookup(key) ?? []).buffer),
    );
    assert.equal(
      counts.flatMap((values) => [...values]).reduce((sum, value) => sum + value, 0n),
      100n,
    );
    assert.deepEqual(seats.lookupAt(0), taken);
  } finally {
    attachment.close();
    object.close();
    net.remove();
  }
});

void test("what counting costs is measured", { skip }, (t) => {
  const net = buildThreeNamespaces("dm", "oifname wan masquerade");
  const counter = new DropCounter({ namespace: namespaceInode(net.gateway) });
  try {
    const before = counter.measure();
    sendPackets(net, { badIpChecksum: true }, PACKETS);
    const after = counter.measure();
    const runs = after.runs - before.runs;
    assert.ok(runs >= PACKETS);
    assert.equal(after.misses, 0);
    const cost = ((after.nanoseconds - before.nanoseconds) / runs).toFixed(0);
    t.diagnostic(`${cost} ns a drop, some 45 ns of it for measuring`);
  } finally {
    counter.close();
    net.remove();
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
