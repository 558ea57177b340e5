import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayOf, link, pool, source, forward, planOf } from "../../test/fixtures/plan-of.ts";
import { makeOutput } from "./output.ts";
import { uplinkPlanLines } from "./uplinks-plan-text.ts";
import { uplinkEventText, uplinkLines } from "./uplinks-text.ts";

const silent = { write: (): void => {} };
const output = makeOutput(silent, silent, false, { NO_COLOR: "1" });
const since = "2026-01-01T00:00:00.000Z";

test("what happened to an uplink, in one line", () => {
  assert.equal(
    uplinkEventText({ at: since, link: "isp1", event: "down", cause: "eth0 has no carrier" }),
    `${since} isp1 is down: eth0 has no carrier`,
  );
  assert.equal(
    uplinkEventText({ at: since, link: "isp1", event: "restored" }),
    `${since} isp1 is in use again: new connections come back`,
  );
});

test("uplinks as status tells them: watched, out of use, and with nobody who watches", () => {
  const known = { link: "isp1", interface: "eth0", table: 8101, via: "61.138.177.1", since, asked: 50, lost: 5 };
  const other = { interface: "eth1", table: 8102, via: "203.0.113.1", inUse: true };
  const down = { ...known, up: false, inUse: false, cause: "no answer from 9.9.9.9 for 3 s" };
  assert.deepEqual(uplinkLines(output, { watched: true, uplinks: [down, { ...other, up: true, since }] }), [
    `  isp1 (eth0) by 61.138.177.1: down since ${since}, 10 % of 50 probes lost; no answer from 9.9.9.9 for 3 s`,
    `  eth1 by 203.0.113.1: up since ${since}`,
  ]);
  assert.deepEqual(
    uplinkLines(output, {
      watched: true,
      uplinks: [
        { ...down, inUse: true },
        { ...down, up: true },
      ],
    }),
    [
      `  isp1 (eth0) by 61.138.177.1: down since ${since}, in use all the same, 10 % of 50 probes lost; no answer from 9.9.9.9 for 3 s`,
      `  isp1 (eth0) by 61.138.177.1: up since ${since}, not in use yet, 10 % of 50 probes lost; no answer from 9.9.9.9 for 3 s`,
    ],
  );
  const { via: _, ...lost } = down;
  assert.deepEqual(uplinkLines(output, { watched: true, uplinks: [lost] }), [
    "  isp1 (eth0): not routed; apply the file again",
  ]);
  assert.deepEqual(uplinkLines(output, { watched: false, uplinks: [down, other] }), [
    "  isp1 (eth0) by 61.138.177.1: out of use",
    "  eth1 by 203.0.113.1: in use",
    "  nobody watches them",
    "  fix: start meganat uplinks watch FILE, or install the gateway",
  ]);
});

test("a plan says who leaves by each uplink and what its failure costs", () => {
  const health = { probes: [{ address: 0x09090909 }], interval: 500, downAfter: 2000, upAfter: 10_000 };
  const { uplinks } = planOf(
    gatewayOf({
      links: [
        link("isp1", "61.138.177.2/27", { gateway: "61.138.177.1" }),
        link("isp2", "203.0.113.2/26", { gateway: "203.0.113.1" }),
        link("lan", "10.10.0.1/16"),
      ],
      uplinks: [
        { link: "isp1", health },
        { link: "isp2", health },
      ],
      pools: [pool("first", "61.138.177.3")],
      sourceNat: [
        source("west", "10.10.1.0/24", "first", { out: "isp1" }),
        source("some", "10.10.1.0/25", "masquerade", { out: "isp2" }),
      ],
      portForwards: [forward("portal", "61.138.177.3:80/tcp", "10.10.0.2:80")],
    }),
  );
  assert.deepEqual(uplinkPlanLines(uplinks, 200), [
    "  isp1         256  leave by it, isp1 via 61.138.177.1: 1 public address, 64,512 translations at once to one destination",
    "                    asks 9.9.9.9 every 0.5 s; down without an answer for 2 s, at once without a carrier; up again after 10 s",
    "    when down  128  go by isp2; their connections break, because their public address is this provider's, and begin anew",
    "    when down  128  are cut off",
    "    when down    1  not reached from outside: portal",
    "  isp2           0  leave by it, isp2 via 203.0.113.1: 1 public address, 64,512 translations at once to one destination",
    "                    asks 9.9.9.9 every 0.5 s; down without an answer for 2 s, at once without a carrier; up again after 10 s",
  ]);
  assert.deepEqual(uplinkPlanLines(undefined, 200), []);
});
