import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalElement, elementFromJson } from "./nft-element.ts";

test("elements are compared in nft's own words", () => {
  const cases = [
    ["10.0.0.1", "10.0.0.1"],
    ["10.0.0.0-10.0.0.255", "10.0.0.0/24"],
    ["10.0.0.1-10.0.0.255", "10.0.0.1-10.0.0.255"],
    ["10.0.0.7/32", "10.0.0.7"],
    ["10.0.0.1 : 61.138.177.3 . 1024-1151", "10.0.0.1 : 61.138.177.3 . 1024-1151"],
    ["1.2.3.4  .  tcp . 80-80 :  10.0.0.1 . 8080", "1.2.3.4 . tcp . 80 : 10.0.0.1 . 8080"],
    ["10.2.2.0-10.2.2.255 : 192.168.1.0-192.168.1.255", "10.2.2.0/24 : 192.168.1.0/24"],
    ["0x1f", "31"],
  ] as const;
  for (const [element, canonical] of cases) assert.equal(canonicalElement(element), canonical);
});

test("elements as nft -j 1.0.6 lists them", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ["10.4.0.7", "10.4.0.7"],
    [443, "443"],
    [{ prefix: { addr: "10.0.0.0", len: 16 } }, "10.0.0.0/16"],
    [{ range: ["10.2.0.1", "10.2.0.255"] }, "10.2.0.1-10.2.0.255"],
    [["10.0.0.1", { concat: ["1.2.3.4", { range: [1024, 1151] }] }], "10.0.0.1 : 1.2.3.4 . 1024-1151"],
    [[{ concat: ["1.2.3.4", "udp", { range: [2000, 2100] }] }, "10.0.0.1"], "1.2.3.4 . udp . 2000-2100 : 10.0.0.1"],
    [{ elem: { val: "10.0.0.9", comment: "guest" } }, "10.0.0.9"],
    [["10.0.0.1", { jump: { target: "sub" } }], '10.0.0.1 : {"jump":{"target":"sub"}}'],
  ];
  for (const [json, element] of cases) assert.equal(elementFromJson(json), element);
});
