import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, formatCount, formatNoun, formatSeconds, formatShare } from "./figures.ts";

test("figures for people", () => {
  const table: [written: string, expected: string][] = [
    [formatCount(0), "0"],
    [formatCount(999), "999"],
    [formatCount(1_612_800), "1,612,800"],
    [formatCount(1234.56), "1,234.6"],
    [formatBytes(0), "0 B"],
    [formatBytes(1023), "1023 B"],
    [formatBytes(1536), "1.5 KiB"],
    [formatBytes(17_179_869_184), "16.0 GiB"],
    [formatBytes(563_000_000), "537 MiB"],
    [formatBytes(5e15), "4547 TiB"],
    [formatSeconds(0), "0 s"],
    [formatSeconds(7440), "2 h 4 min"],
    [formatSeconds(432_000), "5 d"],
    [formatSeconds(90_061), "1 d 1 h 1 min 1 s"],
    [formatShare(0), "0 %"],
    [formatShare(1e-9), "0 %"],
    [formatShare(0.00001), "under 0.01 %"],
    [formatShare(0.0005), "0.05 %"],
    [formatShare(0.0333), "3.3 %"],
    [formatShare(0.97), "97 %"],
    [formatShare(23.25), "2,325 %"],
    [formatNoun(1, "address", "addresses"), "1 address"],
    [formatNoun(2000, "port"), "2,000 ports"],
  ];
  for (const [written, expected] of table) assert.equal(written, expected);
});
