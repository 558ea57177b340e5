import assert from "node:assert/strict";
import { test } from "node:test";
import type { DropReport } from "../observe/drops/watch.ts";
import { dropLines } from "./drops-text.ts";
import { makeOutput } from "./output.ts";

const output = makeOutput({ write: () => true }, { write: () => true }, false, {});

const REPORT: DropReport = {
  seconds: 2,
  packets: 40,
  unattributed: 0,
  causes: [
    { cause: "no-socket", packets: 30, confirmedBy: [{ counter: "Udp.NoPorts", delta: 30 }] },
    { cause: "hook", packets: 10, confirmedBy: [] },
  ],
  rows: [
    {
      packets: 30,
      cause: "no-socket",
      reason: "NO_SOCKET",
      location: "__udp4_lib_rcv",
      protocol: "IPv4 UDP",
      interface: "wan",
      namespace: "gw",
      meaning: "a UDP packet looked for its socket",
    },
  ],
  samples: [
    {
      reason: "NO_SOCKET",
      location: "__udp4_lib_rcv",
      cause: "no-socket",
      interface: "wan",
      namespace: "gw",
      time: 12.5,
      length: 46,
      tuple: { source: "192.0.2.1", destination: "192.0.2.2", protocol: 17, sourcePort: 5, destinationPort: 9 },
    },
  ],
  samplesLost: 29,
};

void test("a report for people", () => {
  assert.equal(
    dropLines(output, REPORT).join("\n"),
    `40 packets dropped in 2.0 s (20/s)
        30  nobody listens (75.0 %)
            the packet was for this machine, and no program has the port open
            confirmed by Udp.NoPorts +30
            see \`ss -lntu\`
        10  netfilter, not by an nft rule (25.0 %)
            something on a netfilter hook dropped it that counts nothing: an iptables-legacy rule, IPVS, a
            bridge or another module
            see \`iptables-legacy-save -c\`

  packets  reason     function        protocol  interface  namespace  what the function does
       30  NO_SOCKET  __udp4_lib_rcv  IPv4 UDP  wan        gw         a UDP packet looked for its socket

  UDP 192.0.2.1:5 > 192.0.2.2:9  46 bytes on wan, NO_SOCKET in __udp4_lib_rcv
      of no connection in the table
  29 more packets not sampled: they came too fast`,
  );
});

void test("nothing dropped, and causes beyond the table", () => {
  const nothing = { ...REPORT, packets: 0, causes: [], rows: [], samples: [], samplesLost: 0 };
  assert.deepEqual(dropLines(output, nothing), ["0 packets dropped in 2.0 s (0/s)"]);
  const many = dropLines(output, { ...nothing, unattributed: 7 });
  assert.equal(many.at(-1), "  7 more drops could not be attributed: too many causes at once");
});
