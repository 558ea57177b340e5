import assert from "node:assert/strict";
import { test } from "node:test";
import { summarize } from "../observe/profile/summary.ts";
import { compareProfiles } from "../observe/profile/difference.ts";
import { makeOutput } from "./output.ts";
import { differenceLines, hookTreeJson, profileLines } from "./profile-text.ts";

const output = makeOutput({ write: () => true }, { write: () => true }, false, {});

const STACKS = new Map([
  ["swapper/0;[idle]", 100],
  ["node;[user space]", 40],
  ["node;ip_rcv;nf_hook_slow;nf_conntrack_in;__nf_conntrack_find_get", 30],
  ["node;ip_rcv;nf_hook_slow;nft_do_chain", 10],
  ["node;ip_output", 20],
]);

void test("a profile for people", () => {
  assert.equal(
    profileLines(output, STACKS, summarize(STACKS, 2), true).join("\n"),
    `200 samples: 50.0 % idle, 20.0 % programs, 30.0 % kernel
NAT and connection tracking: 40.0 % of the busy time (40 of 100 samples)
  30.0 %  30  look a connection up
  10.0 %  10  evaluate rules (nft, iptables)

Below the netfilter hooks (nf_hook_slow)
   40.0 %  called by ip_rcv
   40.0 %  nf_hook_slow
   30.0 %    nf_conntrack_in
   30.0 %      __nf_conntrack_find_get
   10.0 %    nft_do_chain

Functions by their own time
  30.0 %  30  __nf_conntrack_find_get
  20.0 %  20  ip_output`,
  );
});

void test("without names nothing is said of NAT", () => {
  assert.deepEqual(profileLines(output, STACKS, summarize(STACKS), false), [
    "200 samples: 50.0 % idle, 20.0 % programs, 30.0 % kernel",
    "how much of it is NAT cannot be seen without the functions' names",
  ]);
});

void test("the tree for programs", () => {
  const leaf = (name: string, samples: number) => ({ name, samples, children: [] });
  assert.deepEqual(hookTreeJson(STACKS, 100), {
    name: "nf_hook_slow",
    samples: 40,
    children: [
      { name: "nf_conntrack_in", samples: 30, children: [leaf("__nf_conntrack_find_get", 30)] },
      leaf("nft_do_chain", 10),
    ],
  });
  assert.equal(hookTreeJson(new Map([["a;b", 1]]), 1), undefined);
});

void test("a comparison for people", () => {
  const after = new Map([["node;ip_rcv;nf_hook_slow;nft_do_chain", 10]]);
  assert.equal(
    differenceLines(output, compareProfiles(STACKS, after, 1)).join("\n"),
    `  before    after  points
  40.0 %  100.0 %   +60.0  NAT and connection tracking

Parts of NAT
  before    after  points
  10.0 %  100.0 %   +90.0  evaluate rules (nft, iptables)
  30.0 %    0.0 %   -30.0  look a connection up

Functions whose own time changed most
  before    after  points
  10.0 %  100.0 %   +90.0  nft_do_chain`,
  );
});
