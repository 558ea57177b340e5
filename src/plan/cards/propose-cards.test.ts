import assert from "node:assert/strict";
import { test } from "node:test";
import { hostOf, nodeCardFacts, vethFacts } from "../../../test/fixtures/cards.ts";
import type { CardFacts, CardsFacts } from "./facts.ts";
import { proposeCards } from "./propose-cards.ts";
import type { Proposal } from "./proposal.ts";

const MISSING = { missing: "may not be read from here: run as root" };

/** Settings in short: `now -> proposed`, `now` if it is right, `left: reason`. */
function short(proposals: readonly Proposal[]): Record<string, string> {
  return Object.fromEntries(
    proposals.map(({ setting, verdict, now, proposed, reason }) => [
      setting,
      verdict === "change" ? `${now} -> ${proposed}` : verdict === "left" ? `left: ${reason}` : now,
    ]),
  );
}

function ofCard(card: CardFacts, host: Partial<CardsFacts> = {}): Record<string, string> {
  return short(proposeCards(hostOf([card], host)).cards[0]?.proposals ?? []);
}

void test("a container's veth with one queue: the kernel spreads the packets", () => {
  assert.deepEqual(ofCard(vethFacts("eth0")), {
    queues: "rx 1 tx 1",
    rings: "left: the driver has no rings to size",
    indirection: "left: the driver has no indirection table",
    interrupts: "left: the device has no interrupts of its own",
    RPS: "none -> 0-3",
    XPS: "left: one transmit queue: nothing to choose",
    GRO: "on",
    GSO: "on",
    LRO: "off",
    coalescing: "left: the driver has no coalescing of interrupts",
  });
});

void test("virtio with one queue: its two interrupts on one CPU, the second card's on the next", () => {
  const virtio = (name: string, irq: number): CardFacts =>
    vethFacts(name, {
      driver: "virtio_net",
      rings: { value: { rx: { now: 256, max: 256 }, tx: { now: 256, max: 256 } } },
      channels: { value: { combined: { now: 1, max: 1 } } },
      coalescing: { value: { rxUsecs: 0, txUsecs: 0 } },
      interrupts: [
        { irq, name: "virtio2-config", cpus: [0, 1, 2, 3] },
        { irq: irq + 1, name: "virtio2-input.0", cpus: [0, 1, 2, 3] },
        { irq: irq + 2, name: "virtio2-output.0", cpus: [2] },
      ],
    });
  const { cards } = proposeCards(hostOf([virtio("eth0", 36), virtio("eth1", 46)]));
  const { queues, "rx ring": rx, interrupts, coalescing } = short(cards[0]?.proposals ?? []);
  assert.deepEqual([queues, rx, interrupts], ["combined 1", "256", "0-3 2 -> 0"]);
  assert.equal(coalescing, "left: the driver cannot adapt it to the load, and no fixed time suits every load");
  assert.deepEqual(
    cards.flatMap(({ proposals }) => proposals.find(({ setting }) => setting === "interrupts")?.changes ?? []),
    [
      { place: { kind: "irq", irq: 37 }, value: "0" },
      { place: { kind: "irq", irq: 38 }, value: "0" },
      { place: { kind: "irq", irq: 47 }, value: "1" },
      { place: { kind: "irq", irq: 48 }, value: "1" },
    ],
  );
});

void test("eight queues on NUMA node 1: its CPUs are interrupted, and send first", () => {
  assert.deepEqual(ofCard(nodeCardFacts("eth2")), {
    queues: "combined 8",
    "rx ring": "512 -> 4,096",
    "tx ring": "512 -> 1,024",
    indirection: "even 8",
    interrupts: "0-15 -> 8 9 10 11 ...",
    RPS: "none",
    XPS: "none -> 0,8 1,9 2,10 3,11 ...",
    GRO: "on",
    GSO: "on",
    LRO: "on -> off",
    "adaptive rx": "off -> on",
    "adaptive tx": "off -> on",
  });
  const rings = proposeCards(hostOf([nodeCardFacts("eth2")])).cards[0]?.proposals[1];
  assert.equal(
    rings?.reason,
    "when it is full the card drops what comes: it outlasts 275 us of the smallest packets at 10,000 Mbit/s, not 34; costs up to 64.0 MiB of memory (the hardware has up to 8,192)",
  );
});

/** [what, card, host, the settings that differ from those of the card on node 1] */
const CASES: readonly (readonly [string, Partial<CardFacts>, Partial<CardsFacts>, Record<string, string>])[] = [
  [
    "as proposed, nothing is to be changed",
    {
      rings: { value: { rx: { now: 4096, max: 8192 }, tx: { now: 1024, max: 8192 } } },
      coalescing: { value: { adaptiveRx: true, adaptiveTx: true } },
      features: {
        value: { "rx-gro": { on: true, changeable: true }, "tx-generic-segmentation": { on: true, changeable: true } },
      },
      interrupts: [8, 9, 10, 11, 12, 13, 14, 15].map((cpu, i) => ({ irq: i, name: `eth2-TxRx-${i}`, cpus: [cpu] })),
      xps: [8, 9, 10, 11, 12, 13, 14, 15].map((cpu, i) => [i, cpu]),
    },
    {},
    {
      "rx ring": "4,096",
      "tx ring": "1,024",
      interrupts: "8 9 10 11 ...",
      XPS: "0,8 1,9 2,10 3,11 ...",
      LRO: "off",
      "adaptive rx": "on",
      "adaptive tx": "on",
    },
  ],
  [
    "rings at the hardware's largest",
    { rings: { value: { rx: { now: 1024, max: 1024 }, tx: { now: 512, max: 512 } } } },
    {},
    { "rx ring": "1,024", "tx ring": "512" },
  ],
  ["a small machine pays for a smaller ring", {}, { memoryBytes: 2 ** 30 }, { "rx ring": "512 -> 1,024" }],
  ["jumbo frames need whole pages", { mtu: 9000 }, { memoryBytes: 16 * 2 ** 30 }, { "rx ring": "512 -> 2,048" }],
  [
    "more queues than the node has CPUs",
    { channels: { value: { combined: { now: 16, max: 16 } } }, rps: Array.from({ length: 16 }, () => []) },
    {},
    { queues: "combined 16 -> combined 8" },
  ],
  [
    "fewer queues than CPUs: RPS",
    {
      channels: { value: { combined: { now: 4, max: 4 } } },
      indirection: { value: [0, 1, 2, 3] },
      rps: [[], [], [], []],
    },
    {},
    {
      queues: "combined 4",
      indirection: "even 4",
      interrupts: "0-15 -> 8 9 10 11",
      RPS: "none -> 8-15",
      XPS: "none -> 0,4,8,12 1,5,9,13 2,6,10,14 3,7,11,15",
    },
  ],
  ["RPS where each CPU has a queue", { rps: Array.from({ length: 8 }, () => [0, 1]) }, {}, { RPS: "0-1 -> none" }],
  [
    "an uneven table",
    { indirection: { value: [0, 0, 1, 1, 0, 0, 1, 1] } },
    {},
    { indirection: "0,0,1,1,0,0,1,1 -> even 8" },
  ],
  [
    "no coalescing",
    { coalescing: { missing: "the driver has no coalescing of interrupts" } },
    {},
    { coalescing: "left: the driver has no coalescing of interrupts" },
  ],
  [
    "LRO that cannot be switched off",
    { features: { value: { "rx-lro": { on: true, changeable: false } } } },
    {},
    {
      GRO: "left: the driver has it fixed; better were on: packets of a connection that come together pass rules and translation as one",
      GSO: "left: the driver has it fixed; better were on: what GRO put together is taken apart at the very end, not before",
      LRO: "left: the driver has it fixed; better were off: it merges packets so that they cannot be forwarded as they came: transfers stall, path MTU discovery fails",
    },
  ],
  [
    "GSO needs another offload",
    {
      features: {
        value: { "rx-gro": { on: true, changeable: true }, "tx-generic-segmentation": { on: false, changeable: true } },
      },
    },
    {},
    { GSO: "left: it needs tx-scatter-gather, which is off or which the driver has not", LRO: "off" },
  ],
  [
    "GSO that could be on",
    {
      features: {
        value: {
          "rx-gro": { on: true, changeable: true },
          "tx-scatter-gather": { on: true, changeable: true },
          "tx-generic-segmentation": { on: false, changeable: true },
        },
      },
    },
    {},
    { GSO: "off -> on", LRO: "off" },
  ],
  [
    "a container without permission",
    {
      rings: MISSING,
      channels: MISSING,
      coalescing: MISSING,
      indirection: MISSING,
      features: MISSING,
      interrupts: [],
      rps: [],
      xps: [],
    },
    {},
    {
      queues: "left: may not be read from here: run as root",
      rings: "left: may not be read from here: run as root",
      indirection: "left: may not be read from here: run as root",
      interrupts: "left: the device has no interrupts of its own",
      RPS: "left: the kernel lets nobody steer its receive queues (CONFIG_RPS)",
      XPS: "left: one transmit queue: nothing to choose",
      offloads: "left: may not be read from here: run as root",
      coalescing: "left: may not be read from here: run as root",
    },
  ],
];

for (const [what, changed, host, wanted] of CASES) {
  void test(what, () => {
    const usual = ofCard(nodeCardFacts("eth2"));
    const found = ofCard(nodeCardFacts("eth2", changed), host);
    const different = Object.entries(found).filter(([setting, words]) => usual[setting] !== words);
    assert.deepEqual(Object.fromEntries(different), wanted);
  });
}

void test("irqbalance would move the interrupts again, and is named", () => {
  const { cards } = proposeCards(hostOf([nodeCardFacts("eth2")], { irqbalance: true }));
  const interrupts = cards[0]?.proposals.find(({ setting }) => setting === "interrupts");
  assert.match(interrupts?.reason ?? "", /irqbalance is running .* `systemctl disable --now irqbalance` first$/);
});

void test("what the CPUs take in a round, by the packets to expect", () => {
  const cases: readonly (readonly [CardsFacts, Record<string, string>])[] = [
    [
      hostOf([nodeCardFacts("eth2")]),
      { "net.core.netdev_budget": "300 -> 700", "net.core.netdev_max_backlog": "1,000 -> 3,200" },
    ],
    [
      hostOf([nodeCardFacts("eth2", { megabits: 1000 })]),
      { "net.core.netdev_budget": "300", "net.core.netdev_max_backlog": "1,000" },
    ],
    [
      hostOf([nodeCardFacts("eth2", { megabits: 100_000 })], { softnet: { value: { budget: 300, backlog: 50_000 } } }),
      { "net.core.netdev_budget": "300 -> 1,500", "net.core.netdev_max_backlog": "50,000" },
    ],
    [hostOf([vethFacts("eth0")], { softnet: { missing: "elsewhere" } }), { softnet: "left: elsewhere" }],
    [hostOf([]), {}],
  ];
  for (const [facts, wanted] of cases) assert.deepEqual(short(proposeCards(facts).host), wanted);
});
