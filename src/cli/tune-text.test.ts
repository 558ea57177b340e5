import assert from "node:assert/strict";
import { test } from "node:test";
import { hostOf, nodeCardFacts, vethFacts } from "../../test/fixtures/cards.ts";
import { proposeCards } from "../plan/cards/propose-cards.ts";
import { cardLines, carriedText, tuneText, undoneText } from "./tune-text.ts";

const PLAIN = { width: 80, paint: (_style: string, text: string): string => text };
const ELSEWHERE = { softnet: { missing: "tune there" } };

void test("a container's card, in 80 columns", () => {
  assert.equal(
    tuneText(proposeCards(hostOf([vethFacts("eth0")], ELSEWHERE)), { ...PLAIN, unknown: ["eth7"] }),
    `eth0 (veth, CPUs 0-3)
  queues       rx 1 tx 1          more the card does not have, for 4 CPUs
  rings        -                  left: the driver has no rings to size
  indirection  -                  left: the driver has no indirection table
  interrupts   -                  left: the device has no interrupts of its own
  RPS          none       -> 0-3  1 receive queue for 4 CPUs: without it the
                                  others do nothing
  XPS          -                  left: one transmit queue: nothing to choose
  GRO          on                 packets of a connection that come together
                                  pass rules and translation as one
  GSO          on                 what GRO put together is taken apart at the
                                  very end, not before
  LRO          off                it merges packets so that they cannot be
                                  forwarded as they came: transfers stall, path
                                  MTU discovery fails
  coalescing   -                  left: the driver has no coalescing of
                                  interrupts

The whole host
  softnet  -    left: tune there

eth7: there is no such interface here
1 setting should be otherwise: \`meganat tune --apply\` changes it, --undo puts it back.`,
  );
});

void test("what is no card is said with the reason, also where nothing is left to tune", () => {
  const shares = [{ name: "mv1", reason: "a macvlan on an interface of another namespace: tune that one, there" }];
  const nothing = tuneText(proposeCards(hostOf([], ELSEWHERE)), { ...PLAIN, shares, width: 60 });
  assert.deepEqual(nothing.split("\n").slice(-3), [
    "mv1: a macvlan on an interface of another namespace: tune",
    "     that one, there",
    "There is no card to tune here.",
  ]);
  assert.equal(
    carriedText([], { ...PLAIN, shares })
      .split("\n")
      .at(-1),
    "nothing to change",
  );
  assert.match(carriedText([], { ...PLAIN, shares }), /^mv1: a macvlan on/);
});

void test("the plan has only what should be otherwise", () => {
  const facts = { features: { value: { "rx-lro": { on: true, changeable: true } } }, rps: [[0, 1, 2, 3]] };
  assert.deepEqual(cardLines(proposeCards(hostOf([vethFacts("eth0", facts)], ELSEWHERE)), 80), [
    "  eth0 LRO: on -> off",
    "      it merges packets so that they cannot be forwarded as they came: transfers",
    "      stall, path MTU discovery fails",
    "  `meganat tune -c FILE` says more, and with --apply does it",
  ]);
  const right = proposeCards(hostOf([vethFacts("eth0", { rps: [[0, 1, 2, 3]] })], ELSEWHERE));
  assert.deepEqual(cardLines(right, 80), ["  eth0: as they should be"]);
  assert.deepEqual(cardLines(proposeCards(hostOf([])), 80), []);
});

void test("what loses the carrier is said, and that nothing is to be done", () => {
  const cards = proposeCards(hostOf([nodeCardFacts("eth2")]));
  assert.match(tuneText(cards, PLAIN), /^eth2 \(ixgbe, NUMA node 1, CPUs 8-15\)\n/);
  assert.match(tuneText(cards, PLAIN), /\neth2 may lose the carrier for a moment when queues or rings change\.\n/);
  const right = proposeCards(hostOf([vethFacts("eth0", { rps: [[0, 1, 2, 3]] })], ELSEWHERE));
  assert.match(tuneText(right, PLAIN), /\nEverything is as it should be\.$/);
  assert.equal(
    tuneText(proposeCards(hostOf([], ELSEWHERE)), PLAIN)
      .split("\n")
      .at(-1),
    "There is no card to tune here.",
  );
});

void test("what was done, refused and taken back", () => {
  const place = { kind: "channels", device: "eth2" } as const;
  const changed = { place, what: "queues of eth2", old: "combined 4", set: "combined 8" };
  assert.equal(
    carriedText([changed, { ...changed, what: "rx ring of eth2", old: "512", refused: "cannot set it" }], PLAIN),
    [
      "queues of eth2: combined 4 -> combined 8",
      "rx ring of eth2 left at 512: cannot set it",
      "1 value changed, 1 left; `meganat tune --undo` puts back what was changed",
    ].join("\n"),
  );
  assert.equal(carriedText([], PLAIN), "nothing to change");
  assert.equal(undoneText({ done: ["a"], left: ["b"] }), "a\nleft as it is: b");
  assert.equal(undoneText({ done: [], left: [] }), "nothing is tuned here");
});
