import assert from "node:assert/strict";
import { test } from "node:test";
import { choosePaths, objectionsTo } from "./choose-path.ts";
import { readersOfMarks, type DeviceFacts, type ForwardingFacts } from "./device-facts.ts";
import { exemptionsForFilters } from "./foreign-filters.ts";

const CARD: DeviceFacts = {
  name: "eth0",
  index: 2,
  driver: "ice",
  ethernet: true,
  loopback: false,
  mtu: 1500,
  xdp: { runs: true, redirects: true, transmits: true },
  hasXdp: false,
  largePackets: true,
  queues: ["mq", "fq_codel"],
  ingressFilters: false,
  egressFilters: false,
};

/** A card whose driver the kernel does not speak of. */
function silent(driver: string): DeviceFacts {
  const { xdp: _, ...rest } = CARD;
  return { ...rest, driver };
}

function chosen(devices: readonly DeviceFacts[], host: Partial<ForwardingFacts> = {}): string[] {
  const facts = { devices, ipsecPolicies: 0, ebpf: true, flowtable: false, ...host };
  return choosePaths(facts).map(({ name, path, reason }) => `${name} ${path}: ${reason}`);
}

const RUNS = "runs XDP and sends what it is handed";

test("an interface takes the path that suits it", () => {
  const xdp = { runs: true, redirects: true, transmits: true };
  for (const [facts, expected] of [
    [{}, `xdp: the driver ice ${RUNS}`],
    [{ xdp: { ...xdp, transmits: false } }, `xdp: the driver ice ${RUNS}`],
    [{ driver: "odd", xdp: { ...xdp, transmits: false } }, "tc: its driver does not send frames of others"],
    [{ xdp: { ...xdp, redirects: false } }, "tc: its driver cannot hand frames to another interface"],
    [{ xdp: { ...xdp, runs: false } }, "tc: its driver runs no XDP"],
    [{ hasXdp: true }, "tc: another XDP program is on it"],
    [{ mtu: 3498 }, `xdp: the driver ice ${RUNS}`],
    [{ mtu: 9000 }, "tc: its MTU of 9000 is more than XDP takes (3498)"],
    [{ queues: ["htb", "fq_codel"] }, "tc: its queue htb orders what leaves, and XDP goes past it"],
    [{ queues: ["cake"] }, "tc: its queue cake orders what leaves, and XDP goes past it"],
    [{ queues: ["tbf", "clsact"] }, "tc: its queue tbf orders what leaves, and XDP goes past it"],
    [{ queues: ["noqueue", "clsact", "ingress"] }, `xdp: the driver ice ${RUNS}`],
    [{ egressFilters: true }, "tc: tc filters look at what leaves, and XDP goes past them"],
    [{ kind: "vlan", driver: "802.1Q VLAN Support" }, "tc: it is a virtual interface (vlan)"],
    [{ kind: "bridge", driver: "bridge" }, "tc: it is a virtual interface (bridge)"],
    [{ kind: "bond", driver: "bonding" }, `xdp: the driver bonding ${RUNS}`],
    [
      { kind: "veth", driver: "veth" },
      "tc: its packets come in large pieces, which XDP would have to cut: bulk TCP would be slower",
    ],
    [{ kind: "veth", driver: "veth", largePackets: false }, `xdp: the driver veth ${RUNS}`],
    [
      { driver: "virtio_net" },
      "tc: its packets come in large pieces, which XDP would have to cut: bulk TCP would be slower",
    ],
    [{ kind: "tun", ethernet: false }, "none: it carries no Ethernet frames"],
    [{ kind: "wireguard", ethernet: false }, "none: it carries no Ethernet frames"],
    [{ loopback: true }, "none: it is the loopback"],
    [{ master: "bond0" }, "none: it is a port of bond0: packets are routed by bond0, so name that"],
  ] as const satisfies readonly (readonly [Partial<DeviceFacts>, string])[]) {
    assert.deepEqual(chosen([{ ...CARD, ...facts }]), [`eth0 ${expected}`]);
  }
});

test("before Linux 6.3 the driver's name decides", () => {
  assert.deepEqual(chosen([silent("ixgbe")]), [`eth0 xdp: the driver ixgbe ${RUNS}`]);
  assert.deepEqual(chosen([silent("e1000e")]), ["eth0 tc: its driver runs no XDP"]);
});

test("XDP is for all interfaces that packets may leave by, or for none", () => {
  const vlan = { ...CARD, name: "eth1.7", kind: "vlan" };
  assert.deepEqual(chosen([CARD, vlan]), [
    "eth0 tc: packets may leave by eth1.7, which is not for XDP: it is a virtual interface (vlan)",
    "eth1.7 tc: it is a virtual interface (vlan)",
  ]);
  // What cannot take part is not forwarded to.
  assert.deepEqual(chosen([CARD, { ...CARD, name: "wg0", ethernet: false }]), [
    `eth0 xdp: the driver ice ${RUNS}`,
    "wg0 none: it carries no Ethernet frames",
  ]);
});

test("what stands against the host stands against all its interfaces", () => {
  assert.deepEqual(chosen([CARD], { ipsecPolicies: 2 }), [
    "eth0 none: IPsec policies are to be checked for each packet (`ip xfrm policy`)",
  ]);
  assert.deepEqual(chosen([CARD], { ebpf: false, flowtable: true }), [
    "eth0 none: this kernel does not load the eBPF programs, but has nf_flowtable: use `flowtable`",
  ]);
  assert.deepEqual(chosen([CARD], { ebpf: false }), [
    "eth0 none: this kernel neither loads the eBPF programs nor has nf_flowtable",
  ]);
});

test("what speaks against a path that was asked for is said", () => {
  const bridge = { ...CARD, name: "br0", kind: "bridge" };
  const port = { ...CARD, name: "eth1", master: "br0" };
  const facts = { devices: [CARD, bridge, port], ipsecPolicies: 0, ebpf: true, flowtable: false };
  assert.deepEqual(objectionsTo("xdp", choosePaths(facts)), [
    `${CARD.name}: xdp as asked for, where auto takes tc: packets may leave by br0, which is not for XDP: it is a virtual interface (bridge)`,
    "br0: xdp as asked for, where auto takes tc: it is a virtual interface (bridge)",
    "eth1: xdp as asked for, where auto takes neither path: it is a port of br0: packets are routed by br0, so name that",
  ]);
  assert.deepEqual(objectionsTo("xdp", choosePaths({ ...facts, devices: [CARD] })), []);
});

test("marks are read where queues have classes or filters look at what leaves", () => {
  const devices = [
    CARD,
    { ...CARD, name: "eth1", queues: ["htb"] },
    { ...CARD, name: "eth2", egressFilters: true },
    { ...CARD, name: "eth3", queues: ["unheard-of"] },
  ];
  assert.deepEqual(readersOfMarks(devices), ["eth1", "eth2", "eth3"]);
});

test("filters of others before the network stack keep what comes in on the kernel's path", () => {
  assert.deepEqual(exemptionsForFilters([CARD, { ...CARD, name: "eth1", ingressFilters: true }]), [
    {
      inInterface: "eth1",
      why: "another program looks at what comes in by tc (`tc filter show dev eth1 ingress`, `bpftool net`)",
    },
  ]);
});
