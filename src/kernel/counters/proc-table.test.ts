import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConntrackStat } from "./conntrack-proc.ts";
import { parseFragmentMemory, parseProtocolCounters, parseSoftnet, parseStatTable, statColumn } from "./proc-table.ts";

/** Linux 6.18: the columns named clashres and chainlength are clash_resolve and chaintoolong. */
const MODERN = `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
0000000a  00000001 00000002 00000000 00000003 00000000 00000000 00000004 00000005 ffffffff 00000007 00000008 00000009  0000000b 0000000c 0000000d 0000000e
0000000a  00000010 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000001 00000000 00000000 00000000  00000001 00000000 00000000 00000000
`;

test("the columns of nf_conntrack mean what the kernel counts in them", () => {
  const { statistics, entries, expectations } = parseConntrackStat(MODERN);
  assert.equal(entries, 10);
  assert.deepEqual(expectations, { new: [11, 1], create: [12, 0], delete: [13, 0] });
  const { clashResolve, chainTooLong, insertFailed, error, searchRestart, invalid } = statistics.sum;
  assert.deepEqual([clashResolve, chainTooLong, insertFailed], [17, 4, 2 ** 32]);
  assert.deepEqual([error, searchRestart, invalid], [9, 14, 3]);
  assert.deepEqual(
    statistics.cpus.map((row) => [row.cpu, row.insertFailed]),
    [
      [0, 2 ** 32 - 1],
      [1, 1],
    ],
  );
  assert.deepEqual([...statistics.counted].toSorted(), [
    "chainTooLong",
    "clashResolve",
    "drop",
    "earlyDrop",
    "error",
    "found",
    "insert",
    "insertFailed",
    "invalid",
    "searchRestart",
  ]);
});

test("before Linux 5.9 the same columns had other names and meanings", () => {
  const { statistics } = parseConntrackStat(
    "entries  searched found new invalid ignore delete delete_list insert\n00000001  00000002 00000003 00000004 00000005 00000006 00000007 00000008 00000009\n",
  );
  assert.deepEqual([statistics.sum.searched, statistics.sum.deleteList, statistics.sum.insert], [2, 8, 9]);
  assert.deepEqual([statistics.counted.has("clashResolve"), statistics.counted.has("chainTooLong")], [false, false]);
});

test("a table without columns, or cut off, is no failure", () => {
  assert.deepEqual(parseStatTable(""), { columns: [], cpus: [] });
  const { statistics, entries } = parseConntrackStat("entries drop\n00000003\n");
  assert.deepEqual([entries, statistics.sum.drop], [3, 0]);
  assert.equal(statColumn(parseStatTable("a b\n1 2\n"), "c"), undefined);
});

test("protocol counters by group and name, as nstat names them", () => {
  const text = "Ip: Forwarding ForwDatagrams\nIp: 1 18446744073709551615\nTcp: MaxConn\nTcp: -1\nOdd: a\n";
  assert.deepEqual(
    [...parseProtocolCounters(text)],
    [
      ["Ip.Forwarding", 1],
      ["Ip.ForwDatagrams", 2 ** 64],
      ["Tcp.MaxConn", -1],
    ],
  );
});

test("softnet: CPUs by their own number, where the kernel says it", () => {
  const modern = "011a2e5e 00000517 00000011 0 0 0 0 0 0 00000002 00000003 00000004 00000003 00000000 00000000\n";
  assert.deepEqual(parseSoftnet(modern), [
    { cpu: 3, processed: 18493022, dropped: 1303, timeSqueeze: 17, receivedRps: 2, flowLimit: 3, backlog: 4 },
  ]);
  assert.deepEqual(parseSoftnet("1 2 3 0 0 0 0 0 0 5\n6 7 8 0 0 0 0 0 0 9\n"), [
    { cpu: 0, processed: 1, dropped: 2, timeSqueeze: 3, receivedRps: 5, flowLimit: 0, backlog: undefined },
    { cpu: 1, processed: 6, dropped: 7, timeSqueeze: 8, receivedRps: 9, flowLimit: 0, backlog: undefined },
  ]);
});

test("fragment memory", () => {
  assert.deepEqual(parseFragmentMemory("UDP: inuse 0 mem 0\nFRAG: inuse 3 memory 4096\n"), { packets: 3, bytes: 4096 });
  assert.equal(parseFragmentMemory("UDP: inuse 0 mem 0\n"), undefined);
});
