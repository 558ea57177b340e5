import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { FATES, type Fate, type PacketCounts } from "../fastpath/fates.ts";
import type { FastPathStatus } from "../fastpath/status.ts";
import { deviceRates, fastPathHead, fastPathLines } from "./fastpath-text.ts";
import { makeOutput } from "./output.ts";

const output = makeOutput({ write: () => true }, { write: () => true }, false, {});

function counts(given: Partial<Record<Fate, number>>): PacketCounts {
  return Object.fromEntries(FATES.map((fate) => [fate, given[fate] ?? 0])) as PacketCounts;
}

const STATUS: FastPathStatus = {
  whole: true,
  since: "2026-11-29T10:00:00.000Z",
  devices: [
    {
      name: "lan",
      index: 2,
      path: "tc",
      reason: "it is virtual",
      packets: counts({ forwarded: 9900, unknown: 60, "connection-edge": 40 }),
      bytes: 2 ** 21,
    },
    { name: "wan", index: 3, path: "tc", packets: counts({ learned: 50 }), bytes: 0 },
  ],
  places: { ipv4: 1_012_000, ipv6: 252_000, bytes: 96 * 2 ** 20 },
  countsConnections: true,
  coverage: 0.5,
  epoch: 0,
  settings: [],
  notes: [
    "rule 3 of chain forward in table inet fw counts bytes with quota: packets from 10.1.0.0/16 stay on the kernel's path",
  ],
};

test("says what is forwarded and why the rest is not, most first", () => {
  deepEqual(fastPathLines(output, STATUS), [
    "fast path    on since 2026-11-29T10:00:00.000Z: lan by tc, wan by tc",
    "             remembers up to 1,012,000 directions of connections, 96 MiB",
    "             counts packets and bytes of each connection, as the kernel does: `meganat flows` adds both",
    "             only 50 % of the connections: the others come too rarely to be worth it",
    "             rule 3 of chain forward in table inet fw counts bytes with quota: packets from",
    "             10.1.0.0/16 stay on the kernel's path",
    "",
    "lan",
    "  by tc: it is virtual",
    "  9,900 packets by the fast path (2 MiB), 99 % of what came in",
    "  to the kernel:",
    "  60  0.6 %  not seen before: the kernel decides, and is remembered",
    "  40  0.4 %  TCP SYN, FIN and RST: the kernel opens and closes",
    "",
    "wan",
    "  0 packets by the fast path (0 MiB)",
  ]);
});

test("turning it on tells all of what is known then, long notes too", () => {
  const whole = fastPathLines(output, STATUS);
  deepEqual(fastPathHead(output, STATUS), whole.slice(0, whole.indexOf("")));
  equal(fastPathHead(output, STATUS).at(-1), "             10.1.0.0/16 stay on the kernel's path");
});

test("off and half are said in a line", () => {
  equal(fastPathLines(output, undefined)[0], "fast path    off: the kernel's network stack forwards every packet");
  deepEqual(fastPathLines(output, { ...STATUS, whole: false, devices: [] }), [
    "fast path    half on: turning it on or off broke off",
    "  fix: `meganat fastpath off`, or on again",
  ]);
});

test("rates are of what was counted in between", () => {
  const [lan, wan] = STATUS.devices;
  if (lan === undefined || wan === undefined) throw new TypeError("two devices");
  const after = {
    ...STATUS,
    devices: [{ ...lan, packets: counts({ forwarded: 19_900, unknown: 60 }), bytes: 3 * 2 ** 20 }, wan],
  };
  const [rates] = deviceRates(STATUS, after, 2);
  equal(rates?.packetsPerSecond.forwarded, 5000);
  // A counter that went backwards was set to zero meanwhile: nothing is known, and nothing is made up.
  equal(rates?.packetsPerSecond["connection-edge"], 0);
  equal(rates?.bytesPerSecond, 2 ** 19);
});
