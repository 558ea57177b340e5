import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { EXEMPTION_BYTES, exemptionBytes, MOST_EXEMPTIONS } from "./exemption-bytes.ts";
import type { ExemptionFields } from "./policy/exemption.ts";

const index = (name: string): number | undefined => ({ eth0: 2, eth1: 3 })[name];

const CASES: readonly [what: string, exemption: ExemptionFields, hex: string][] = [
  ["everything", {}, ""],
  ["TCP over IPv4", { family: "ip", protocol: 6 }, "0406" + "00".repeat(14) + "ffff"],
  [
    "by an interface",
    { inInterface: "eth0", outInterface: "eth1" },
    "0000000002000000" + "03" + "00".repeat(11) + "ffffffff".repeat(2),
  ],
  [
    "from a prefix",
    { family: "ip", source: "10.1.2.3/16" },
    "04" + "00".repeat(15) + "ff" + "00".repeat(15) + "0a01" + "00".repeat(14) + "ffff",
  ],
  [
    "to a host",
    { family: "ip", destination: "1.2.3.4" },
    "04" + "00".repeat(15) + "ff" + "00".repeat(47) + "01020304" + "00".repeat(12) + "ffffffff",
  ],
  [
    "from an IPv6 prefix that ends within a byte",
    { family: "ip6", source: "2001:db8:ffff::/36" },
    "06" + "00".repeat(15) + "ff" + "00".repeat(15) + "20010db8f0" + "00".repeat(11) + "fffffffff0",
  ],
  ["from a port", { protocol: 17, sourcePorts: "53" }, "0011" + "00".repeat(15) + "ff" + "00".repeat(78) + "3500ffff"],
  ["to ports", { destinationPorts: "20000-20003" }, "00".repeat(100) + "204e" + "fcff"],
  ["to the last port", { destinationPorts: "65535" }, "00".repeat(100) + "ffff" + "ffff"],
];

for (const [what, exemption, hex] of CASES) {
  test(`bytes of an exemption for ${what}`, () => {
    const { bytes, count } = exemptionBytes([exemption], index);
    equal(count, 1);
    equal(
      Buffer.from(bytes.subarray(0, EXEMPTION_BYTES))
        .toString("hex")
        .replace(/(00)*$/, ""),
      hex,
    );
  });
}

test("interfaces that are not there exempt nothing; too many rules exempt all", () => {
  equal(exemptionBytes([{ inInterface: "gone0" }], index).count, 0);
  const many = Array.from({ length: MOST_EXEMPTIONS + 1 }, (): ExemptionFields => ({ protocol: 6 }));
  const { bytes, count } = exemptionBytes(many, index);
  equal(count, 1);
  deepEqual(new Set(bytes), new Set([0]));
});
