import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { formatIpv4 } from "../../src/address/ipv4.ts";
import { isKernelError, type KernelErrorCode } from "../../src/kernel/error.ts";
import { readOffload, setOffload } from "../../src/kernel/ethtool.ts";
import { addAddress, listAddresses, removeAddress } from "../../src/kernel/route/address.ts";
import { addVeth, deleteLink, listLinks, setLinkUp } from "../../src/kernel/route/link.ts";
import {
  addNeighbour,
  addProxyNeighbour,
  listNeighbours,
  listProxyNeighbours,
  removeNeighbour,
  removeProxyNeighbour,
} from "../../src/kernel/route/neighbour.ts";
import { addPolicyRule, listPolicyRules, removePolicyRule } from "../../src/kernel/route/policy-rule.ts";
import { addRoute, listRoutes, removeRoute, type RouteSpec } from "../../src/kernel/route/route.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";
import type { TestContext } from "node:test";

type Json = Readonly<Record<string, unknown>>;

/** What ip-JSON prints: the oracle. */
function ip(namespace: string, ...args: string[]): Json[] {
  const text = run(namespace, "ip", "-json", "-details", ...args);
  return text.trim() === "" ? [] : (JSON.parse(text) as Json[]);
}

/** A namespace with a link `wan` that is up, and the one at the other end of the wire. */
function wired(t: TestContext): [string, string] {
  const [a, b] = [ownNamespace(t), ownNamespace(t)];
  addVeth(a, "wan", b, "far", { macA: "02:00:00:00:00:01", macB: "02:00:00:00:00:02", mtu: 1400 });
  setLinkUp(a, "wan", true);
  setLinkUp(b, "far", true);
  return [a, b];
}

function refused(code: KernelErrorCode, said?: RegExp): (error: unknown) => boolean {
  return (error) => isKernelError(error, code) && (said === undefined || said.test(error.kernelSaid ?? ""));
}

test("links: ours and ip's agree", NEEDS_ROOT, (t) => {
  const [a, b] = wired(t);
  run(b, "ip", "link", "add", "byip", "type", "veth", "peer", "name", "byip2");
  for (const namespace of [a, b]) {
    const theirs = ip(namespace, "link", "show").map((link) => {
      const kind = (link["linkinfo"] as Json | undefined)?.["info_kind"];
      const flags = link["flags"] as string[];
      return {
        index: link["ifindex"],
        name: link["ifname"],
        up: flags.includes("UP"),
        mac: link["address"],
        mtu: link["mtu"],
        carrier: undefined,
        ...(kind === undefined ? {} : { kind }),
      };
    });
    assert.deepEqual(
      listLinks(namespace).map((link) => ({ ...link, carrier: undefined })),
      theirs,
    );
  }
  assert.deepEqual(
    listLinks(a).map((link) => [link.name, link.up, link.carrier, link.mac, link.mtu, link.kind]),
    [
      ["lo", true, true, "00:00:00:00:00:00", 65536, undefined],
      ["wan", true, true, "02:00:00:00:00:01", 1400, "veth"],
    ],
  );
  setLinkUp(b, "far", false);
  assert.equal(listLinks(a).find((link) => link.name === "wan")?.carrier, false);
  setLinkUp(a, "wan", false);
  assert.equal(listLinks(a).find((link) => link.name === "wan")?.up, false);
  deleteLink(a, "wan");
  assert.deepEqual(
    ip(b, "link", "show", "type", "veth").map((link) => link["ifname"]),
    ["byip2", "byip"],
  );
});

test("links: refusals", NEEDS_ROOT, (t) => {
  const [a, b] = wired(t);
  assert.throws(() => addVeth(a, "wan", b, "new"), refused("kernel-exists"));
  assert.throws(() => addVeth(a, "new", b, "far"), refused("kernel-exists"));
  assert.throws(() => addVeth(a, "new", "mnk-no-such", "far"), refused("kernel-not-found"));
  assert.throws(() => addVeth(a, "new", b, "new", { macA: "02:00" }), refused("kernel-rejected", /not an address/));
  assert.throws(() => deleteLink(a, "gone"), refused("kernel-not-found"));
  assert.throws(() => setLinkUp(a, "gone", true), refused("kernel-not-found"));
  assert.throws(() => deleteLink(a, "a-name-of-more-than-15"), refused("kernel-rejected", /attribute 3 at byte 32/));
  assert.throws(() => deleteLink(a, "lo"), refused("kernel-not-supported"));
  assert.deepEqual(
    listLinks(a).map((link) => link.name),
    ["lo", "wan"],
  );
});

test("links: a pair inside one namespace, by the namespace the thread is in", NEEDS_ROOT, (t) => {
  const a = ownNamespace(t);
  addVeth(a, "one", a, "two");
  assert.deepEqual(
    listLinks(a).map((link) => link.name),
    ["lo", "two", "one"],
  );
});

test("addresses: ours are seen by ip, and the other way round", NEEDS_ROOT, (t) => {
  const [a] = wired(t);
  addAddress(a, { interface: "wan", address: "10.0.0.1", length: 24 });
  addAddress(a, { interface: "wan", address: "61.1.1.1", length: 32 });
  run(a, "ip", "address", "add", "10.5.0.1/31", "dev", "wan");
  const theirs = ip(a, "-4", "address", "show").flatMap((link) =>
    (link["addr_info"] as Json[]).map((info) => [link["ifname"], info["local"], info["prefixlen"]]),
  );
  assert.deepEqual(theirs, [
    ["lo", "127.0.0.1", 8],
    ["wan", "10.0.0.1", 24],
    ["wan", "61.1.1.1", 32],
    ["wan", "10.5.0.1", 31],
  ]);
  assert.deepEqual(
    listAddresses(a).map((info) => [info.interface, formatIpv4(info.address), info.length]),
    theirs,
  );
  assert.throws(
    () => addAddress(a, { interface: "wan", address: "10.0.0.1", length: 24 }),
    // Linux 6.1 says nothing more.
    refused("kernel-exists", /already assigned|^$/i),
  );
  assert.throws(
    () => addAddress(a, { interface: "gone", address: "10.0.0.1", length: 24 }),
    refused("kernel-not-found"),
  );
  assert.throws(
    () => addAddress(a, { interface: "wan", address: "10.0.0.01", length: 24 }),
    refused("kernel-rejected"),
  );
  assert.throws(() => addAddress(a, { interface: "wan", address: "10.0.0.9", length: 33 }), refused("kernel-rejected"));
  removeAddress(a, { interface: "wan", address: "61.1.1.1", length: 32 });
  removeAddress(a, { interface: "wan", address: "10.5.0.1", length: 31 });
  assert.throws(
    () => removeAddress(a, { interface: "wan", address: "61.1.1.1", length: 32 }),
    refused("kernel-not-found"),
  );
  assert.deepEqual(run(a, "ip", "-br", "-4", "address", "show", "wan").match(/\d+\.\d+\.\d+\.\d+\/\d+/g), [
    "10.0.0.1/24",
  ]);
});

const ROUTES: readonly (readonly [RouteSpec, string, string])[] = [
  [{ destination: "0.0.0.0/0", via: "10.0.0.2" }, "main", "default via 10.0.0.2 dev wan proto static"],
  [{ destination: "61.1.2.0/28", interface: "lo" }, "main", "61.1.2.0/28 dev lo proto static scope link"],
  [
    { destination: "10.7.0.0/16", via: "10.0.0.3", interface: "wan", metric: 9 },
    "main",
    "10.7.0.0/16 via 10.0.0.3 dev wan proto static metric 9",
  ],
  [{ destination: "10.9.0.0/16", type: "blackhole", table: 1000 }, "1000", "blackhole 10.9.0.0/16 proto static"],
  [
    { destination: "0.0.0.0/0", type: "local", interface: "lo", table: 100_000 },
    "100000",
    "local default dev lo proto static scope host",
  ],
  [
    { destination: "10.8.0.1/32", type: "local", interface: "lo" },
    "local",
    "local 10.8.0.1 dev lo proto static scope host",
  ],
  [{ destination: "10.6.0.0/16", type: "prohibit" }, "main", "prohibit 10.6.0.0/16 proto static"],
];

for (const [spec, table, line] of ROUTES) {
  test(`routes: ${line} in ${table}`, NEEDS_ROOT, (t) => {
    const [a] = wired(t);
    addAddress(a, { interface: "wan", address: "10.0.0.1", length: 24 });
    const before = listRoutes(a);
    addRoute(a, spec);
    const text = run(a, "ip", "route", "show", "table", table, "proto", "static");
    // `ip` names a route's protocol only when not asked for it.
    assert.equal(text.trim().replaceAll(/\s+/g, " "), line.replace(" proto static", ""));
    const found = listRoutes(a).filter((route) => !before.some((old) => JSON.stringify(old) === JSON.stringify(route)));
    assert.equal(found.length, 1);
    const [route = assert.fail()] = found;
    for (const [key, value] of Object.entries(spec)) assert.equal(route[key as keyof RouteSpec], value, key);
    assert.deepEqual(
      listRoutes(a, { table: route.table }).filter((other) => other.destination === spec.destination),
      [route],
    );
    assert.throws(() => addRoute(a, spec), refused("kernel-exists"));
    // What was listed can be given back as it is.
    removeRoute(a, route);
    assert.deepEqual(listRoutes(a), before);
    assert.throws(() => removeRoute(a, spec), refused("kernel-not-found"));
  });
}

test("routes: those of ip are listed, and can be removed by what was listed", NEEDS_ROOT, (t) => {
  const [a] = wired(t);
  addAddress(a, { interface: "wan", address: "10.0.0.1", length: 24 });
  run(a, "ip", "route", "add", "10.20.0.0/16", "via", "10.0.0.9", "metric", "7", "table", "300");
  run(a, "ip", "route", "add", "10.21.0.0/16", "dev", "wan", "src", "10.0.0.1", "table", "300");
  run(a, "ip", "route", "add", "unreachable", "10.22.0.0/16", "table", "300");
  assert.deepEqual(listRoutes(a, { table: 300 }), [
    {
      destination: "10.20.0.0/16",
      table: 300,
      type: "unicast",
      protocol: 3,
      scope: "global",
      interface: "wan",
      via: "10.0.0.9",
      metric: 7,
    },
    {
      destination: "10.21.0.0/16",
      table: 300,
      type: "unicast",
      protocol: 3,
      scope: "link",
      interface: "wan",
      source: "10.0.0.1",
    },
    { destination: "10.22.0.0/16", table: 300, type: "unreachable", protocol: 3, scope: "global" },
  ]);
  for (const route of listRoutes(a, { table: 300 })) removeRoute(a, route);
  assert.equal(run(a, "ip", "route", "show", "table", "300").trim(), "");
  assert.deepEqual(listRoutes(a, { table: 4711 }), []);
});

test("routes: the kernel's own words reach us", NEEDS_ROOT, (t) => {
  const [a] = wired(t);
  addAddress(a, { interface: "wan", address: "10.0.0.1", length: 24 });
  assert.throws(
    () => addRoute(a, { destination: "1.0.0.0/8", via: "99.0.0.1" }),
    (error) =>
      isKernelError(error, "kernel-rejected") &&
      error.errno === constants.errno.ENETUNREACH &&
      error.message ===
        "cannot add route 1.0.0.0/8 via 99.0.0.1: ENETUNREACH: network is unreachable (Nexthop has invalid gateway)" &&
      error.remedy.includes("next hop"),
  );
  assert.throws(
    () => addRoute(a, { destination: "1.2.0.0/8", via: "10.0.0.2" }),
    refused("kernel-rejected", /Invalid prefix/),
  );
  assert.throws(() => addRoute(a, { destination: "1.0.0.0/8", interface: "gone" }), refused("kernel-not-found"));
  assert.throws(() => addRoute(a, { destination: "1.0.0.0", via: "10.0.0.2" }), refused("kernel-rejected"));
});

test("policy rules: ours are seen by ip, and the other way round", NEEDS_ROOT, (t) => {
  const [a] = wired(t);
  const ours = { priority: 100, mark: 0x4d00, mask: 0xff00, table: 1000 } as const;
  addPolicyRule(a, ours);
  addPolicyRule(a, { priority: 101, from: "10.0.0.0/8", to: "11.0.0.0/24", incoming: "wan", table: 7 });
  run(a, "ip", "rule", "add", "pref", "102", "fwmark", "0x5", "table", "8");
  run(a, "ip", "rule", "add", "pref", "103", "from", "12.0.0.0/8", "blackhole");
  addPolicyRule(a, { priority: 104, table: 254, suppress: 0 });
  run(a, "ip", "rule", "add", "pref", "105", "table", "9", "suppress_prefixlength", "16");
  const text = run(a, "ip", "rule", "show")
    .replaceAll("\t", " ")
    .split("\n")
    .map((line) => line.trim());
  assert.ok(text.includes("100: from all fwmark 0x4d00/0xff00 lookup 1000"), text.join("|"));
  assert.ok(text.includes("101: from 10.0.0.0/8 to 11.0.0.0/24 iif wan lookup 7"), text.join("|"));
  assert.ok(text.includes("104: from all lookup main suppress_prefixlength 0"), text.join("|"));
  assert.deepEqual(listPolicyRules(a), [
    { priority: 0, table: 255, lookup: true },
    { ...ours, lookup: true },
    { priority: 101, table: 7, lookup: true, from: "10.0.0.0/8", to: "11.0.0.0/24", incoming: "wan" },
    { priority: 102, table: 8, lookup: true, mark: 5, mask: 0xffffffff },
    { priority: 103, table: 0, lookup: false, action: "blackhole", from: "12.0.0.0/8" },
    { priority: 104, table: 254, lookup: true, suppress: 0 },
    { priority: 105, table: 9, lookup: true, suppress: 16 },
    { priority: 32766, table: 254, lookup: true },
    { priority: 32767, table: 253, lookup: true },
  ]);
  assert.throws(() => addPolicyRule(a, ours), refused("kernel-exists"));
  removePolicyRule(a, ours);
  removePolicyRule(a, { priority: 102, mark: 5, table: 8 });
  removePolicyRule(a, { priority: 105, table: 9, suppress: 16 });
  assert.throws(() => removePolicyRule(a, ours), refused("kernel-not-found"));
  assert.deepEqual(
    listPolicyRules(a).map((rule) => rule.priority),
    [0, 101, 103, 104, 32766, 32767],
  );
});

const byAddress = (x: { address: string }, y: { address: string }): number => x.address.localeCompare(y.address);

test("neighbours and proxy neighbours: ours are seen by ip, and the other way round", NEEDS_ROOT, (t) => {
  const [a] = wired(t);
  addNeighbour(a, { interface: "wan", address: "10.0.0.2", mac: "02:00:00:00:00:99" });
  addProxyNeighbour(a, { interface: "wan", address: "61.1.1.3" });
  run(a, "ip", "neigh", "add", "10.0.0.3", "lladdr", "02:00:00:00:00:98", "nud", "stale", "dev", "wan");
  run(a, "ip", "neigh", "add", "proxy", "61.1.1.4", "dev", "wan");
  const proxies = [
    { interface: "wan", address: "61.1.1.3" },
    { interface: "wan", address: "61.1.1.4" },
  ];
  assert.deepEqual(
    ip(a, "neigh", "show", "proxy")
      .map((entry) => ({ interface: "wan", address: String(entry["dst"]) }))
      .toSorted(byAddress),
    proxies,
  );
  assert.deepEqual(listProxyNeighbours(a).toSorted(byAddress), proxies);
  assert.deepEqual(listNeighbours(a).toSorted(byAddress), [
    { interface: "wan", address: "10.0.0.2", mac: "02:00:00:00:00:99", state: "permanent" },
    { interface: "wan", address: "10.0.0.3", mac: "02:00:00:00:00:98", state: "stale" },
  ]);
  assert.match(run(a, "ip", "neigh", "show", "10.0.0.2"), /lladdr 02:00:00:00:00:99 PERMANENT/);
  assert.throws(
    () => addNeighbour(a, { interface: "wan", address: "10.0.0.2", mac: "02:00:00:00:00:97" }),
    refused("kernel-exists"),
  );
  addProxyNeighbour(a, { interface: "wan", address: "61.1.1.3" });
  for (const entry of proxies) removeProxyNeighbour(a, entry);
  removeNeighbour(a, { interface: "wan", address: "10.0.0.2" });
  removeNeighbour(a, { interface: "wan", address: "10.0.0.3" });
  const gone = { interface: "wan", address: "61.1.1.3" };
  assert.throws(() => removeProxyNeighbour(a, gone), refused("kernel-not-found"));
  assert.throws(() => removeNeighbour(a, gone), refused("kernel-not-found"));
  assert.deepEqual([ip(a, "neigh", "show", "proxy"), ip(a, "neigh", "show")], [[], []]);
});

test("a thousand routes come in several reads, none lost", NEEDS_ROOT, (t) => {
  const [a] = wired(t);
  const destinations = Array.from({ length: 1000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  const batch = destinations.map((destination) => `route add ${destination} dev wan table 500\n`).join("");
  run(a, "sh", "-c", `ip -batch - <<'END'\n${batch}END`);
  assert.deepEqual(
    listRoutes(a, { table: 500 }).map((route) => route.destination),
    destinations,
  );
});

test("offloads: what we switch, ethtool sees", NEEDS_ROOT, (t) => {
  const [a] = wired(t);
  const words = {
    gro: "generic-receive-offload",
    gso: "generic-segmentation-offload",
    "tx-checksum": "tx-checksumming",
  } as const;
  for (const [offload, word] of Object.entries(words)) {
    const name = offload as keyof typeof words;
    for (const on of [false, true]) {
      setOffload(a, "wan", name, on);
      assert.match(run(a, "ethtool", "-k", "wan"), new RegExp(`^${word}: ${on ? "on" : "off"}`, "m"));
      assert.equal(readOffload(a, "wan", name), on);
    }
  }
  run(a, "ethtool", "-K", "wan", "gro", "off");
  assert.equal(readOffload(a, "wan", "gro"), false);
  assert.throws(() => setOffload(a, "gone", "gro", true), refused("kernel-not-found"));
  assert.throws(() => setOffload(a, "a-name-of-more-than-15", "gro", true), refused("kernel-not-found"));
  assert.throws(() => setOffload(a, "lo", "tx-checksum", false), refused("kernel-not-supported"));
});
