import assert from "node:assert/strict";
import { test } from "node:test";
import { CTA_STATUS, CTA_TIMEOUT } from "../../kernel/conntrack/attributes.ts";
import { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import type { Tuple } from "../../kernel/conntrack/tuple.ts";
import {
  all,
  entryBytes,
  ENTRY_SAMPLES,
  EVERYTHING,
  TCP4,
  TCP4_REPLY,
  u32,
} from "../../../test/fixtures/connection-entries.ts";
import { ByteWriter } from "./byte-writer.ts";
import { writeConntrackLine } from "./conntrack-line.ts";
import { writeJsonLine } from "./json-line.ts";
import { calendarTime, lineAdditions } from "./line-additions.ts";
import { TABLE_HEAD, writeTableLine } from "./table-line.ts";

const NOW = 1_700_000_300;

function scanned(body: Uint8Array): ConnectionEntry {
  const bytes = Buffer.alloc(body.length + 8);
  bytes.set(body, 4);
  const entry = new ConnectionEntry(bytes);
  assert.ok(entry.scan(4, 4 + body.length));
  return entry;
}

function text(write: (to: ByteWriter) => void): string {
  const parts: string[] = [];
  const to = new ByteWriter((bytes) => parts.push(Buffer.from(bytes).toString("utf8")));
  write(to);
  to.flush();
  return parts.join("");
}

const conntrackLine = (body: Uint8Array, extended = false) =>
  text((to) => writeConntrackLine(to, scanned(body), extended, NOW));

test("an entry with everything, as conntrack prints it", () => {
  const line =
    "tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=8.8.8.8 sport=1000 dport=443 packets=12 bytes=3456 " +
    "src=8.8.8.8 dst=61.1.1.1 sport=443 dport=2000 packets=4294967296 bytes=18446744073709551615 [ASSURED] " +
    "mark=4294967294 secctx=system_u:object_r:unlabeled_t:s0 zone=5 delta-time=100 helper=ftp use=2\n";
  assert.equal(conntrackLine(EVERYTHING), line);
  assert.equal(conntrackLine(EVERYTHING, true), `ipv4     2 ${line}`);
});

test("and with all that conntrack's -o can add: its name, else its number, stands for a label", (t) => {
  const zone = process.env["TZ"];
  process.env["TZ"] = "Asia/Shanghai";
  t.after(() => {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  });
  const additions = lineAdditions(["id", "ktimestamp", "labels"], new Map([[31, "bulk"]]));
  const line = text((to) => writeConntrackLine(to, scanned(EVERYTHING), false, NOW, additions));
  assert.equal(
    line.slice(line.indexOf("zone=5")),
    "zone=5 delta-time=100 [start=Wed Nov 15 06:13:20 2023] [stop=Wed Nov 15 06:15:00 2023] helper=ftp use=2 " +
      "id=3735928559 labels=0,bulk,127\n",
  );
  const bare = text((to) => writeConntrackLine(to, scanned(ENTRY_SAMPLES[6] ?? EVERYTHING), false, NOW, additions));
  assert.equal(bare, "unknown  50 src=10.0.0.1 dst=8.8.8.8 src=8.8.8.8 dst=61.1.1.1\n");
});

test("times are written as ctime(3) does, with a blank before days of one digit", () => {
  assert.match(calendarTime(1_778_000_000), /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 1-3]\d \d{2}:\d{2}:\d{2} 2026$/);
  assert.equal(calendarTime(new Date(2026, 10, 7, 3, 4, 5).getTime() / 1000), "Sat Nov  7 03:04:05 2026");
});

test("an entry with everything as JSON", () => {
  const line = text((to) => writeJsonLine(to, scanned(EVERYTHING)));
  assert.deepEqual(JSON.parse(line), {
    family: "ipv4",
    protocol: "tcp",
    protocolNumber: 6,
    state: "ESTABLISHED",
    timeout: 431999,
    original: {
      source: "10.0.0.1",
      destination: "8.8.8.8",
      sourcePort: 1000,
      destinationPort: 443,
      packets: "12",
      bytes: "3456",
    },
    reply: {
      source: "8.8.8.8",
      destination: "61.1.1.1",
      sourcePort: 443,
      destinationPort: 2000,
      packets: "4294967296",
      bytes: "18446744073709551615",
    },
    status: ["seen-reply", "assured", "confirmed", "snat-done", "dnat-done"],
    mark: 4294967294,
    zone: 5,
    labels: [0, 31, 127],
    helper: "ftp",
    secctx: "system_u:object_r:unlabeled_t:s0",
    start: "1700000000123456789",
    stop: "1700000100000000000",
    use: 2,
    id: 3735928559,
    master: { source: "10.0.0.1", destination: "8.8.8.8", sourcePort: 1000, destinationPort: 21 },
    tcp: { windowScaleOriginal: 7, windowScaleReply: 8, flagsOriginal: 0x23, flagsReply: 0x33 },
    sequenceAdjustOriginal: { position: 1, offsetBefore: 2, offsetAfter: 3 },
    sequenceAdjustReply: { position: 1, offsetBefore: 2, offsetAfter: 3 },
    synproxy: { initialSequence: 9, initialTimestamp: 8, timestampOffset: 7 },
    event: "1700000200000000000",
  });
});

test("other kinds of entries, as conntrack prints them", () => {
  assert.deepEqual(
    ENTRY_SAMPLES.slice(1).map((body) => conntrackLine(body, true).trimEnd()),
    [
      "ipv4     2 tcp      6 src=10.0.0.1 dst=8.8.8.8 sport=1000 dport=443 zone-orig=9 src=8.8.8.8 dst=61.1.1.1 sport=443 dport=2000",
      "ipv6     10 udp      17 431999 src=2001:db8::1 dst=2001:db8::2 sport=1 dport=65535 src=2001:db8::2 dst=2001:db8::1 sport=65535 dport=1 [ASSURED] mark=4294967294 use=2",
      "ipv4     2 icmp     1 431999 src=10.0.0.1 dst=8.8.8.8 type=8 code=0 id=77 src=8.8.8.8 dst=10.0.0.1 type=0 code=0 id=77 [ASSURED] mark=4294967294 use=2",
      "ipv6     10 icmpv6   58 431999 src=2001:db8::1 dst=2001:db8::2 type=128 code=0 id=1 src=2001:db8::2 dst=2001:db8::1 type=0 code=1 id=65535 [ASSURED] mark=4294967294 use=2",
      "ipv4     2 gre      47 431999 src=10.0.0.1 dst=8.8.8.8 srckey=0x3e8 dstkey=0x1bb src=8.8.8.8 dst=61.1.1.1 srckey=0x1bb dstkey=0x7d0 [ASSURED] mark=4294967294 use=2",
      "ipv4     2 unknown  50 src=10.0.0.1 dst=8.8.8.8 src=8.8.8.8 dst=61.1.1.1",
      "ipv4     2 sctp     132 ESTABLISHED src=10.0.0.1 dst=8.8.8.8 sport=1000 dport=443 src=8.8.8.8 dst=61.1.1.1 sport=443 dport=2000",
      "ipv4     2 dccp     33 OPEN src=10.0.0.1 dst=8.8.8.8 sport=1000 dport=443 src=8.8.8.8 dst=61.1.1.1 sport=443 dport=2000",
      "ipv4     2 tcp      6 431999 src=10.0.0.1 dst=8.8.8.8 sport=1000 dport=443 src=8.8.8.8 dst=61.1.1.1 sport=443 dport=2000 [ASSURED] mark=4294967294 use=2",
    ],
  );
});

test("attributes of unknown types are skipped and counted", () => {
  const last = ENTRY_SAMPLES.at(-1) ?? assert.fail();
  assert.equal(scanned(last).unknown, 2);
});

test("rows for people: translated, forwarded, pinged", () => {
  const [snat, dnat] = [0x10 | 0x2, 0x20 | 0x2];
  const udp = (tuple: Tuple): Tuple => ({ ...tuple, protocol: 17 });
  const row = (body: Uint8Array) => text((to) => writeTableLine(to, scanned(body)));
  assert.equal(
    row(entryBytes(udp(TCP4), udp(TCP4_REPLY), all(u32(CTA_STATUS, snat), u32(CTA_TIMEOUT, 119)))),
    "udp     replied      1m      10.0.0.1:1000          8.8.8.8:443            as 61.1.1.1:2000\n",
  );
  assert.equal(
    row(entryBytes(TCP4, { ...TCP4_REPLY, source: "10.9.9.9", sourcePort: 80 }, u32(CTA_STATUS, dnat))),
    "tcp     replied      0s      10.0.0.1:1000          8.8.8.8:443            to 10.9.9.9:80\n",
  );
  assert.equal(row(ENTRY_SAMPLES[3] ?? EVERYTHING), "icmp    assured      4d      10.0.0.1:77            8.8.8.8:77\n");
  assert.equal(TABLE_HEAD, "PROTO   STATE        LEFT    FROM                   TO                     TRANSLATED");
});
