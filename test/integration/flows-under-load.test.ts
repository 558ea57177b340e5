import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpv4Range } from "../../src/address/ipv4-range.ts";
import { readSysctl, writeSysctl } from "../../src/kernel/sysctl.ts";
import { fillConnections } from "../../src/lab/generator/fill.ts";
import { readFlows } from "../../src/observe/flows/read-flows.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { buildThreeNamespaces, generatorEnds } from "../fixtures/three-namespaces.ts";

const CONNECTIONS = 150_000;
const RATE = 100_000;
const MAX = "net.netfilter.nf_conntrack_max";

test(
  "reading while 100,000 connections a second arrive: complete, and honest about it",
  { skip: withoutEbpf() },
  async () => {
    const before = readSysctl(undefined, MAX) ?? "0";
    const net = buildThreeNamespaces("flo", 'oifname "wan" snat to 61.138.177.3-61.138.177.30');
    try {
      if (Number(before) < CONNECTIONS * 1.2) writeSysctl(undefined, MAX, String(CONNECTIONS * 2));
      const progress = { filling: true };
      const fill = fillConnections({
        ...generatorEnds(net),
        subscribers: [parseIpv4Range("10.64.0.0/22") ?? assert.fail()],
        connections: CONNECTIONS,
        protocol: "udp",
        rate: RATE,
      }).finally(() => {
        progress.filling = false;
      });
      let changedMeanwhile = 0;
      while (progress.filling) {
        const { scan, summary, matched } = await readFlows({
          namespace: net.gateway,
          filter: {},
          task: { kind: "summary", by: "subscriber", top: 5 },
        });
        assert.ok(scan.complete);
        assert.equal(scan.malformed, 0);
        assert.equal(summary?.connections, matched);
        if (scan.countAfter === scan.countBefore) continue;
        changedMeanwhile++;
        // What was there before the reading and is not gone is in it; what came meanwhile may be.
        if (!scan.resized && !scan.interrupted) {
          assert.ok(scan.entries >= scan.countBefore && scan.entries <= scan.countAfter, JSON.stringify(scan));
        }
      }
      const { delivered } = await fill;
      assert.ok(changedMeanwhile > 0, "no reading fell into the filling");
      // Still now: the set is the same as conntrack's, none missing, none twice.
      const final = await readFlows({ namespace: net.gateway, filter: {}, task: { kind: "count" } });
      assert.equal(final.scan.countBefore, final.scan.countAfter);
      if (!final.scan.resized) assert.equal(final.matched, delivered);
    } finally {
      net.remove();
      if (readSysctl(undefined, MAX) === String(CONNECTIONS * 2)) writeSysctl(undefined, MAX, before);
    }
  },
);
