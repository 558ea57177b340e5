import assert from "node:assert/strict";
import { test } from "node:test";
import { campus } from "../../../test/fixtures/gateways.ts";
import type { LinkFacts } from "./facts.ts";
import { allCards, cardsOfGateway, resolveCards } from "./resolve-cards.ts";

const LINKS: readonly LinkFacts[] = [
  { name: "lo", members: [] },
  { name: "eth0", members: [] },
  { name: "eth1", members: [] },
  { name: "eth2", members: [] },
  { name: "bond0", kind: "bond", members: ["eth0", "eth1"] },
  { name: "bond0.7", kind: "vlan", on: "bond0", members: [] },
  { name: "eth2.9", kind: "vlan", on: "eth2", members: [] },
  { name: "br0", kind: "bridge", members: ["eth2.9", "veth0"] },
  { name: "veth0", kind: "veth", members: [] },
  { name: "mv0", kind: "macvlan", on: "bond0.7", members: [] },
  { name: "iv0", kind: "ipvlan", on: "eth2", members: [] },
  { name: "mv1", kind: "macvlan", onElsewhere: true, members: [] },
  { name: "eth9.3", kind: "vlan", onElsewhere: true, members: [] },
];

const SHARES = {
  mv0: "a macvlan on bond0.7: it has no queues, rings or interrupts of its own, bond0.7 is tuned",
  iv0: "an ipvlan on eth2: it has no queues, rings or interrupts of its own, eth2 is tuned",
  mv1: "a macvlan on an interface of another namespace, whose queues, rings and interrupts it uses: tune that one, there",
  "eth9.3":
    "a VLAN on an interface of another namespace, whose queues, rings and interrupts it uses: tune that one, there",
};
const sharesOf = (...names: (keyof typeof SHARES)[]) => names.map((name) => ({ name, reason: SHARES[name] }));

void test("bonds, bridges and VLANs stand for the cards below", () => {
  const cases: readonly (readonly [string[], string[], string[], (keyof typeof SHARES)[]?])[] = [
    [["eth0"], ["eth0"], []],
    [["bond0.7", "eth0"], ["eth0", "eth1"], []],
    [["eth2.9", "bond0"], ["eth2", "eth0", "eth1"], []],
    [["br0"], ["eth2", "veth0"], []],
    [["lo", "wlan9"], [], ["wlan9"]],
    [["mv0"], ["eth0", "eth1"], [], ["mv0"]],
    [["iv0", "eth2"], ["eth2"], [], ["iv0"]],
    [["mv1", "eth9.3"], [], [], ["mv1", "eth9.3"]],
  ];
  for (const [names, cards, unknown, shares = []] of cases) {
    assert.deepEqual(resolveCards(names, LINKS), { cards, unknown, shares: sharesOf(...shares) });
  }
  assert.deepEqual(allCards(LINKS), {
    cards: ["eth0", "eth1", "eth2", "veth0"],
    unknown: [],
    shares: sharesOf("mv0", "iv0", "mv1", "eth9.3"),
  });
});

void test("the cards of a file, also of a bond that is not there yet", () => {
  const bond = { members: ["eth0", "eth1"], mode: "802.3ad", miimon: 100, upDelay: 0, downDelay: 0 } as const;
  const links = [
    { name: "wan", interface: "eth4", addresses: [] },
    { name: "staff", interface: "bond0.100", addresses: [], vlan: { on: "bond0", id: 100 } },
    { name: "lan", interface: "bond0", addresses: [], bond },
    { name: "guests", interface: "eth4.5", addresses: [], vlan: { on: "eth4", id: 5 } },
  ];
  assert.deepEqual(cardsOfGateway({ ...campus(), links }), ["eth4", "eth0", "eth1"]);
});
