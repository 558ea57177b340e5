import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalElement } from "./nft-element.ts";

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
